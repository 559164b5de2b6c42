/** A customer's id: `cus_` and the base62 of a 128-bit number (U13). */
export const CUSTOMER_ID = /^cus_[0-9A-Za-z]{1,22}$/;
