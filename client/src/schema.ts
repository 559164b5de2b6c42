// Written by `npm run client:types` from the service's own OpenAPI document.

export interface paths {
    "/api/v1/customers/{id_or_alias}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a customer
         * @description Returns the customer as stored in the billing API, with an ETag for `If-Match`. `is_tax_exempt` can be written but not read, so it is not in the answer and not covered by the ETag. Nor are members beyond the contract, so `If-None-Match` is ignored: a 304 would hide that they changed.
         */
        get: operations["getCustomer"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Patch a customer
         * @description Updates the fields in the body and no others. The customer is read first. Fields that already have the requested value are not sent; if none is left, the customer just read is returned. The change is recorded before it is sent, and its outcome before the request is answered. If the answer of the billing API does not prove the outcome, the customer is read again. If it has the requested state, the answer is 200: this proves the state, not who wrote it. Addresses and lists are replaced as a whole, so this is not a JSON merge patch. null is refused. The scope `customers:write` allows every field, its groups some: each field says which. A body with other fields is 403 `field-forbidden`, even if it has faults, too.
         */
        patch: operations["patchCustomer"];
        trace?: never;
    };
    "/api/v1/customers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List and search customers
         * @description Returns the billing API's own list, one page at a time. Every page is read again, so customers that are added or changed in between can move from one page to another. The list has no ETag: read a customer by its id to get one.
         */
        get: operations["listCustomers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/customers/{cus_id}/personal-data": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Erase the personal data of a customer
         * @description Destroys the key that encrypts the customer's data in this service: the values behind the masks of the trail, the answers stored for replays, and the snapshots of open operations. The masked trail and its proofs stay. Nothing is sent to the billing system. It also works for a suspended tenant.
         */
        delete: operations["erasePersonalData"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/customers/{id_or_alias}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Preview a patch
         * @description Takes the same body as the patch, with the same checks, scopes and comparison, and sends nothing. Answers the changes that the patch would make, warnings, and the customer as it would be. `etag` is the tag of the customer as it is: the same body as a patch with it in `If-Match` does what was shown, or is 412. An `Idempotency-Key` has no effect here, so the patch can have the same key.
         */
        post: operations["previewCustomerPatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/operations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get an operation
         * @description Returns the status of a patch, derived from the audit trail. The id is the `X-Operation-Id` of the patch. With `wait` the answer is held until the status is final, or the time is over; the service answers earlier when it stops, when too many requests wait, or when the caller closes its sending side. A request that waits counts as in flight for its caller.
         */
        get: operations["getOperation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit-events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List audit events
         * @description Returns the trail of the caller's own tenant, newest first. A page without `customer` looks at 10,000 events at most: it may have few events, or none, and yet a `next_cursor`; the last page has null. With another `Accept` it is an export: see `exportAuditEvents`. With the scope `audit:read:clear` each change has its values in `clear`, unless `clear=false`. Each query is also an event of the trail.
         */
        get: operations["listAuditEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit-events/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get an audit event */
        get: operations["getAuditEvent"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit-events/{id}/proof": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Prove that an event is in the log
         * @description Returns a C2SP tlog-proof. The leaf is the RFC 8785 form of the event without `leaf_index` and `clear`.
         */
        get: operations["getAuditEventProof"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit-log/checkpoint": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the newest checkpoint of the log
         * @description Returns a C2SP tlog-checkpoint of the tenant's log, with the cosignatures that witnesses made of it. Keep copies outside of this service: only then do they prove anything.
         */
        get: operations["getAuditLogCheckpoint"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit-log/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the public keys of the log
         * @description Returns vkeys (C2SP signed-note), one a line, the current ones first. An ended key is followed by ` until <size>`: trust it only for checkpoints up to that size. Get them once and keep them: a verifier trusts the keys that you give to it.
         */
        get: operations["getAuditLogKeys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit-log/tile/{level}/{path}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a tile of the log’s hashes
         * @description Returns hashes of 32 bytes (C2SP tlog-tiles): 256, or as many as `.p/<width>` names.
         */
        get: operations["getAuditLogTile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit-events#export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export audit events
         * @description Streams all matching events, oldest first. `Accept` chooses the format: `application/x-ndjson`, `text/csv`, or `application/vnd.ocsf.api-activity+x-ndjson` (OCSF 1.9, class 6003); without it this is the list. An NDJSON export without filters can be verified offline; with `after_leaf` it begins where the last one ended. With the scope `audit:read:clear` each change has its values in `clear`, unless `clear=false`. Each export is an event of the trail, too.
         */
        get: operations["exportAuditEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List tenants */
        get: operations["listTenants"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenants/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a tenant */
        get: operations["getTenant"];
        /** Create or replace a tenant */
        put: operations["putTenant"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Change a tenant */
        patch: operations["patchTenant"];
        trace?: never;
    };
    "/api/v1/tenants/{id}/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Put a new version of a tenant’s token */
        put: operations["putToken"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenants/{id}/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the versions of a tenant’s token */
        get: operations["listTokenVersions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenants/{id}/tokens/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Retire a version of a tenant’s token permanently */
        delete: operations["retireToken"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Liveness probe */
        get: operations["getLiveness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Readiness probe */
        get: operations["getReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Prometheus metrics */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @enum {string} */
        FaultCode: "required" | "null" | "empty" | "unknown-field" | "invalid" | "not-object" | "not-list" | "not-text" | "not-boolean" | "not-decimal" | "not-timestamp" | "too-short" | "too-long" | "too-many" | "out-of-range" | "not-allowed" | "forbidden" | "needs-customer" | "retired" | "lone-surrogate" | "control-character" | "bidi-control" | "invisible-character" | "blank" | "not-addressable" | "not-email" | "not-phone" | "not-currency" | "not-country" | "not-vat-number" | "not-invoicing-entity-id" | "not-customer-id" | "not-tenant-id" | "not-token" | "not-field" | "not-cursor" | "not-tile" | "not-entity-tags" | "not-idempotency-key" | "repeated" | "not-host" | "not-chunked" | "changed" | "conflict" | "rejected";
        Fault: {
            /** @example not-country */
            code: components["schemas"]["FaultCode"];
            /**
             * @description RFC 6901 pointer to the invalid part of the body, as a URI fragment.
             * @example #/billing_address/country
             */
            pointer?: string;
            /** @description Name of the invalid query or path parameter. */
            parameter?: string;
            /** @description Name of the invalid header. */
            header?: string;
            /** @example must be an ISO 3166-1 alpha-2 code in upper case */
            detail: string;
        };
        Problem: {
            /**
             * @example urn:billing-bff:problem:validation-failed
             * @enum {string}
             */
            type: "urn:billing-bff:problem:malformed-json" | "urn:billing-bff:problem:validation-failed" | "urn:billing-bff:problem:rejected-by-billing" | "urn:billing-bff:problem:unauthenticated" | "urn:billing-bff:problem:insufficient-scope" | "urn:billing-bff:problem:field-forbidden" | "urn:billing-bff:problem:tenant-forbidden" | "urn:billing-bff:problem:tenant-unknown" | "urn:billing-bff:problem:tenant-suspended" | "urn:billing-bff:problem:not-found" | "urn:billing-bff:problem:customer-not-found" | "urn:billing-bff:problem:method-not-allowed" | "urn:billing-bff:problem:conflict" | "urn:billing-bff:problem:not-sealed" | "urn:billing-bff:problem:tokens-would-retire" | "urn:billing-bff:problem:idempotency-in-flight" | "urn:billing-bff:problem:precondition-failed" | "urn:billing-bff:problem:request-timeout" | "urn:billing-bff:problem:payload-too-large" | "urn:billing-bff:problem:unsupported-media-type" | "urn:billing-bff:problem:idempotency-key-reused" | "urn:billing-bff:problem:rate-limited" | "urn:billing-bff:problem:rate-limited-by-billing" | "urn:billing-bff:problem:internal" | "urn:billing-bff:problem:billing-credentials-rejected" | "urn:billing-bff:problem:billing-unreachable" | "urn:billing-bff:problem:billing-failed" | "urn:billing-bff:problem:billing-unavailable" | "urn:billing-bff:problem:audit-unavailable" | "urn:billing-bff:problem:identity-provider-unavailable" | "urn:billing-bff:problem:billing-timeout";
            /** @example 400 */
            status: number;
            /**
             * @description The billing API's own code for errors of this kind.
             * @example BAD_REQUEST
             * @enum {string}
             */
            code: "BAD_REQUEST" | "UNAUTHORIZED" | "FORBIDDEN" | "NOT_FOUND" | "CONFLICT" | "TOO_MANY_REQUESTS" | "INTERNAL_SERVER_ERROR";
            /**
             * @description The outcome of the patch. `applied` and `unchanged` only if an answer is repeated and the customer cannot be read.
             * @example not_applied
             * @enum {string}
             */
            outcome?: "applied" | "unchanged" | "rejected" | "not_applied" | "unknown" | "unverifiable";
            /** @example The request is not valid */
            title: string;
            /** @example /billing_address/country must be an ISO 3166-1 alpha-2 code in upper case. */
            detail: string;
            /** @example urn:billing-bff:request:9f0c2d4e-6b1a-4b0e-9d53-0f4f0a1c2b3d */
            instance: string;
            /** @example /billing_address/country must be an ISO 3166-1 alpha-2 code in upper case. */
            message: string;
            /** @example 9f0c2d4e-6b1a-4b0e-9d53-0f4f0a1c2b3d */
            request_id: string;
            /** @description Only for a patch that passed the checks: the id of the operation. */
            operation_id?: string;
            /** @description The faults of the request, at most 100. */
            errors?: components["schemas"]["Fault"][];
            /** @description True if there are more faults than in `errors`. */
            errors_truncated?: boolean;
        };
        ActingParty: {
            /** @description Null if the token does not name it. */
            sub: string | null;
            client_id: string | null;
        };
        Actor: {
            /** @enum {string} */
            type: "user" | "service";
            /** @description Who acted for the subject, the nearest first; absent if nobody did. */
            act?: components["schemas"]["ActingParty"][];
            sub: string;
            client_id: string | null;
            scopes: string[];
        };
        Origin: {
            /** @example 203.0.113.7 */
            ip: string;
            user_agent: string | null;
        };
        Target: {
            /** @description As in the URL; masked, unless it is a `cus_` id. */
            ref: string;
            customer_id: string | null;
        };
        Upstream: {
            status: number | null;
            attempts: number;
            duration_ms: number;
        };
        Credential: {
            version: number;
            fingerprint: string;
        };
        ClearValues: {
            /**
             * @description The value before; null: no value.
             * @example anna@acme.test
             */
            before?: (string | null) | boolean | unknown[] | {
                [key: string]: unknown;
            };
            /**
             * @description The requested value.
             * @example berta@acme.test
             */
            after?: (string | null) | boolean | unknown[] | {
                [key: string]: unknown;
            };
            before_salt?: string;
            after_salt?: string;
        };
        Change: {
            /**
             * @description Masked JSON. Null: no value. Absent: the customer was not read.
             * @example a***@acme.test
             */
            before?: (string | null) | boolean | unknown[] | {
                [key: string]: unknown;
            };
            /**
             * @description Masked JSON. Null: no value. Absent: the customer was not read.
             * @example a***@acme.test
             */
            after?: (string | null) | boolean | unknown[] | {
                [key: string]: unknown;
            };
            /**
             * @description Absent in an intent.
             * @enum {string}
             */
            effect?: "applied" | "normalised" | "ignored" | "raced" | "unverifiable" | "not_applied" | "unchanged";
            /** @description HMAC-SHA-256 of the RFC 8785 form of the value, keyed with its salt, in lower-case hex. */
            before_commitment?: string;
            after_commitment?: string;
            /** @description The values, and the base64url salts of their commitments. Only with the scope `audit:read:clear`; absent if erased. */
            clear?: components["schemas"]["ClearValues"];
            /** @example billing_email */
            field: string;
        };
        AuditEvent: {
            /**
             * Format: uuid
             * @description UUIDv7.
             */
            id: string;
            /** Format: uuid */
            operation_id: string | null;
            /** Format: date-time */
            occurred_at: string;
            /** @enum {string} */
            action: "customer.patch" | "customer.patch.previewed" | "access.refused" | "tenant.changed" | "tenant.token.added" | "tenant.token.retired" | "tenant.token.rejected" | "audit.read" | "audit.exported" | "personal-data.erased";
            /** @enum {string} */
            phase: "intent" | "outcome" | "refusal" | "event";
            /** @enum {string} */
            outcome: "pending" | "applied" | "unchanged" | "rejected" | "not_applied" | "unknown" | "unverifiable" | "refused";
            /** @description Position of the event in the tenant's log; null until it is there, about a second. */
            leaf_index: number | null;
            /**
             * Format: uuid
             * @description Only for a patch that undoes an operation: the id of that operation.
             */
            reverts?: string;
            /** @description Null in the log `_platform`: the event is of no tenant. */
            tenant_id: string | null;
            actor: components["schemas"]["Actor"];
            origin: components["schemas"]["Origin"];
            request_id: string;
            trace_id: string;
            target: components["schemas"]["Target"] | null;
            /** @description HTTP status of the answer; null for an intent. */
            status: number | null;
            upstream: components["schemas"]["Upstream"] | null;
            credential: components["schemas"]["Credential"] | null;
            changes: components["schemas"]["Change"][];
            /** @description Only for a refusal: the problem in the answer. */
            problem?: string;
            /** @description Only for a refusal: the number of such refusals. */
            count?: number;
        };
        AuditEventPage: {
            /** @description Newest first. */
            data: components["schemas"]["AuditEvent"][];
            /** @description Null on the last page. */
            next_cursor: string | null;
        };
        CustomTax: {
            /** @example City tax */
            name: string;
            /** @example CITY */
            tax_code: string;
            /**
             * @description Per cent from 0 to 100 as decimal text, without sign or exponent, with up to 28 digits.
             * @example 20.5
             */
            rate: string;
        };
        Address: {
            /** @example Main Street 1 */
            line1?: string;
            /** @example 2nd floor */
            line2?: string;
            /** @example Berlin */
            city?: string;
            /** @example BE */
            state?: string;
            /** @example 10115 */
            zip_code?: string;
            /**
             * @description ISO 3166-1 alpha-2 code, upper case.
             * @example DE
             * @enum {string}
             */
            country?: "AD" | "AE" | "AF" | "AG" | "AI" | "AL" | "AM" | "AO" | "AQ" | "AR" | "AS" | "AT" | "AU" | "AW" | "AX" | "AZ" | "BA" | "BB" | "BD" | "BE" | "BF" | "BG" | "BH" | "BI" | "BJ" | "BL" | "BM" | "BN" | "BO" | "BQ" | "BR" | "BS" | "BT" | "BV" | "BW" | "BY" | "BZ" | "CA" | "CC" | "CD" | "CF" | "CG" | "CH" | "CI" | "CK" | "CL" | "CM" | "CN" | "CO" | "CR" | "CU" | "CV" | "CW" | "CX" | "CY" | "CZ" | "DE" | "DJ" | "DK" | "DM" | "DO" | "DZ" | "EC" | "EE" | "EG" | "EH" | "ER" | "ES" | "ET" | "FI" | "FJ" | "FK" | "FM" | "FO" | "FR" | "GA" | "GB" | "GD" | "GE" | "GF" | "GG" | "GH" | "GI" | "GL" | "GM" | "GN" | "GP" | "GQ" | "GR" | "GS" | "GT" | "GU" | "GW" | "GY" | "HK" | "HM" | "HN" | "HR" | "HT" | "HU" | "ID" | "IE" | "IL" | "IM" | "IN" | "IO" | "IQ" | "IR" | "IS" | "IT" | "JE" | "JM" | "JO" | "JP" | "KE" | "KG" | "KH" | "KI" | "KM" | "KN" | "KP" | "KR" | "KW" | "KY" | "KZ" | "LA" | "LB" | "LC" | "LI" | "LK" | "LR" | "LS" | "LT" | "LU" | "LV" | "LY" | "MA" | "MC" | "MD" | "ME" | "MF" | "MG" | "MH" | "MK" | "ML" | "MM" | "MN" | "MO" | "MP" | "MQ" | "MR" | "MS" | "MT" | "MU" | "MV" | "MW" | "MX" | "MY" | "MZ" | "NA" | "NC" | "NE" | "NF" | "NG" | "NI" | "NL" | "NO" | "NP" | "NR" | "NU" | "NZ" | "OM" | "PA" | "PE" | "PF" | "PG" | "PH" | "PK" | "PL" | "PM" | "PN" | "PR" | "PS" | "PT" | "PW" | "PY" | "QA" | "RE" | "RO" | "RS" | "RU" | "RW" | "SA" | "SB" | "SC" | "SD" | "SE" | "SG" | "SH" | "SI" | "SJ" | "SK" | "SL" | "SM" | "SN" | "SO" | "SR" | "SS" | "ST" | "SV" | "SX" | "SY" | "SZ" | "TC" | "TD" | "TF" | "TG" | "TH" | "TJ" | "TK" | "TL" | "TM" | "TN" | "TO" | "TR" | "TT" | "TV" | "TW" | "TZ" | "UA" | "UG" | "UM" | "US" | "UY" | "UZ" | "VA" | "VC" | "VE" | "VG" | "VI" | "VN" | "VU" | "WF" | "WS" | "XK" | "YE" | "YT" | "ZA" | "ZM" | "ZW";
        };
        ShippingAddress: {
            /**
             * @description Whether the shipping address is the billing address.
             * @example false
             */
            same_as_billing: boolean;
            /** @description The separate address. A field that is left out becomes empty. */
            address?: components["schemas"]["Address"];
        };
        PatchCustomer: {
            /**
             * @description Scopes: `customers:write` or `customers:write:contact`.
             * @example Acme GmbH
             */
            name?: string;
            /**
             * @description Your own name for the customer. The URL can have it instead of the id. After a change the old alias is unknown. Scopes: `customers:write` or `customers:write:contact`.
             * @example acme
             */
            alias?: string;
            /**
             * Format: email
             * @description Scopes: `customers:write` or `customers:write:contact`.
             * @example billing@acme.test
             */
            billing_email?: string;
            /**
             * @description E-mail addresses that receive invoices. Replaces the stored list; an empty list removes all. Scopes: `customers:write` or `customers:write:contact`.
             * @example [
             *       "invoices@acme.test"
             *     ]
             */
            invoicing_emails?: string[];
            /**
             * @description Scopes: `customers:write` or `customers:write:contact`.
             * @example +49 30 123456
             */
            phone?: string;
            /**
             * @description ISO 4217 code. The billing API accepts only the tenant's own currencies. Scopes: `customers:write` or `customers:write:billing`.
             * @example EUR
             * @enum {string}
             */
            currency?: "AED" | "AFN" | "ALL" | "AMD" | "ANG" | "AOA" | "ARS" | "AUD" | "AWG" | "AZN" | "BAM" | "BBD" | "BDT" | "BGN" | "BHD" | "BIF" | "BMD" | "BND" | "BOB" | "BRL" | "BSD" | "BTN" | "BWP" | "BYN" | "BZD" | "CAD" | "CDF" | "CHF" | "CLP" | "CNH" | "CNY" | "COP" | "CRC" | "CUC" | "CUP" | "CVE" | "CZK" | "DJF" | "DKK" | "DOP" | "DZD" | "EGP" | "ERN" | "ETB" | "EUR" | "FJD" | "FKP" | "GBP" | "GEL" | "GHS" | "GIP" | "GMD" | "GNF" | "GTQ" | "GYD" | "HKD" | "HNL" | "HRK" | "HTG" | "HUF" | "IDR" | "ILS" | "INR" | "IQD" | "IRR" | "ISK" | "JMD" | "JOD" | "JPY" | "KES" | "KGS" | "KHR" | "KMF" | "KPW" | "KRW" | "KWD" | "KYD" | "KZT" | "LAK" | "LBP" | "LKR" | "LRD" | "LSL" | "LYD" | "MAD" | "MDL" | "MGA" | "MKD" | "MMK" | "MNT" | "MOP" | "MRU" | "MUR" | "MVR" | "MWK" | "MXN" | "MYR" | "MZN" | "NAD" | "NGN" | "NIO" | "NOK" | "NPR" | "NZD" | "OMR" | "PAB" | "PEN" | "PGK" | "PHP" | "PKR" | "PLN" | "PYG" | "QAR" | "RON" | "RSD" | "RUB" | "RWF" | "SAR" | "SBD" | "SCR" | "SDG" | "SEK" | "SGD" | "SHP" | "SLL" | "SOS" | "SRD" | "SSP" | "STD" | "STN" | "SVC" | "SYP" | "SZL" | "THB" | "TJS" | "TMT" | "TND" | "TOP" | "TRY" | "TTD" | "TWD" | "TZS" | "UAH" | "UGX" | "USD" | "UYU" | "UZS" | "VES" | "VND" | "VUV" | "WST" | "XAF" | "XCD" | "XOF" | "XPF" | "YER" | "ZAR" | "ZMW" | "ZWL";
            /**
             * @description The entity that invoices the customer; one of the tenant's own. Scopes: `customers:write` or `customers:write:billing`.
             * @example ive_7n42DGM5Tflk9n8mt7Fhc7
             */
            invoicing_entity_id?: string;
            /**
             * @description Can be written, but is never in an answer. Scopes: `customers:write` or `customers:write:tax`.
             * @example false
             */
            is_tax_exempt?: boolean;
            /**
             * @description When it is sent, even with the same value, the billing API validates it again. Scopes: `customers:write` or `customers:write:tax`.
             * @example DE123456789
             */
            vat_number?: string;
            /** @description Replaces the stored list; an empty list removes all. Scopes: `customers:write` or `customers:write:tax`. */
            custom_taxes?: components["schemas"]["CustomTax"][];
            /** @description Replaces the stored address as a whole: a field that is left out becomes empty. Scopes: `customers:write` or `customers:write:contact`. */
            billing_address?: components["schemas"]["Address"];
            /** @description Replaces the stored address as a whole. Scopes: `customers:write` or `customers:write:contact`. */
            shipping_address?: components["schemas"]["ShippingAddress"];
        };
        /**
         * @example {
         *       "name": "City tax",
         *       "tax_code": "CITY",
         *       "rate": "20.5"
         *     }
         */
        CustomerTax: {
            /** @example City tax */
            name: string;
            /** @example CITY */
            tax_code: string;
            /**
             * @description Decimal as text.
             * @example 20.5
             */
            rate: string;
        } & {
            [key: string]: unknown;
        };
        /**
         * @example {
         *       "line1": "Main Street 1",
         *       "city": "Berlin",
         *       "zip_code": "10115",
         *       "country": "DE"
         *     }
         */
        CustomerAddress: {
            /** @example Main Street 1 */
            line1?: string | null;
            /** @example 2nd floor */
            line2?: string | null;
            /** @example Berlin */
            city?: string | null;
            /** @example BE */
            state?: string | null;
            /** @example 10115 */
            zip_code?: string | null;
            /**
             * @description ISO 3166-1 alpha-2 code.
             * @example DE
             */
            country?: string | null;
        } & {
            [key: string]: unknown;
        };
        /**
         * @example {
         *       "same_as_billing": false,
         *       "address": {
         *         "line1": "Gate 7",
         *         "city": "Berlin",
         *         "zip_code": "10115",
         *         "country": "DE"
         *       }
         *     }
         */
        CustomerShippingAddress: {
            /** @example false */
            same_as_billing: boolean;
            address?: components["schemas"]["CustomerAddress"] | null;
        } & {
            [key: string]: unknown;
        };
        /**
         * @example {
         *       "id": "cus_7n42DGM5Tflk9n8mt7Fhc7",
         *       "name": "Acme Berlin GmbH",
         *       "alias": "acme",
         *       "billing_email": "billing@acme.test",
         *       "invoicing_emails": [
         *         "invoices@acme.test"
         *       ],
         *       "phone": null,
         *       "currency": "EUR",
         *       "invoicing_entity_id": "ive_7n42DGM5Tflk9n8mt7Fhc7",
         *       "vat_number": "DE123456789",
         *       "custom_taxes": [
         *         {
         *           "name": "City tax",
         *           "tax_code": "CITY",
         *           "rate": "20.5"
         *         }
         *       ],
         *       "billing_address": {
         *         "line1": "Main Street 1",
         *         "city": "Berlin",
         *         "zip_code": "10115",
         *         "country": "DE"
         *       },
         *       "shipping_address": {
         *         "same_as_billing": false,
         *         "address": {
         *           "line1": "Gate 7",
         *           "city": "Berlin",
         *           "zip_code": "10115",
         *           "country": "DE"
         *         }
         *       },
         *       "customer_type": "BUSINESS",
         *       "connected_account_id": null,
         *       "preferred_locales": [
         *         "de-DE"
         *       ],
         *       "custom_properties": {}
         *     }
         */
        Customer: {
            /**
             * @description `cus_` and 1 to 22 of `[0-9A-Za-z]`.
             * @example cus_7n42DGM5Tflk9n8mt7Fhc7
             */
            id: string;
            /** @example Acme GmbH */
            name: string;
            /** @example acme */
            alias?: string | null;
            /** @example billing@acme.test */
            billing_email?: string | null;
            /**
             * @example [
             *       "invoices@acme.test"
             *     ]
             */
            invoicing_emails: string[];
            /** @example +49 30 123456 */
            phone?: string | null;
            /**
             * @description ISO 4217 code.
             * @example EUR
             */
            currency: string;
            /** @example ive_7n42DGM5Tflk9n8mt7Fhc7 */
            invoicing_entity_id: string;
            /** @example DE123456789 */
            vat_number?: string | null;
            custom_taxes: components["schemas"]["CustomerTax"][];
            billing_address?: components["schemas"]["CustomerAddress"] | null;
            shipping_address?: components["schemas"]["CustomerShippingAddress"] | null;
        } & {
            [key: string]: unknown;
        };
        PreviewWarning: {
            /**
             * @description Stable code.
             * @example vat-validation-reset
             * @enum {string}
             */
            code: "old-alias-breaks" | "currency-changes" | "vat-validation-reset" | "list-emptied" | "address-lines-blanked";
            /**
             * @description Top-level name of the field.
             * @example vat_number
             */
            field: string;
            /** @example The stored validation of the VAT number will be reset; the number is validated again. */
            detail: string;
        };
        CustomerPreview: {
            /** @description The requested changes, masked, with the expected effect. */
            changes: components["schemas"]["Change"][];
            warnings: components["schemas"]["PreviewWarning"][];
            /** @description The customer as it would be. */
            customer: components["schemas"]["Customer"];
            /**
             * @description The tag of the customer as it is. The same body as a patch with it in `If-Match` does what is shown here, or
             *     is 412.
             */
            etag: string;
        };
        /**
         * @example {
         *       "page": 0,
         *       "per_page": 10,
         *       "total_items": 1,
         *       "total_pages": 1
         *     }
         */
        PaginationMeta: {
            /**
             * @description Number of the page, from 0.
             * @example 0
             */
            page: number;
            /** @example 10 */
            per_page: number;
            /**
             * @description Number of customers on all pages.
             * @example 42
             */
            total_items: number;
            /** @example 5 */
            total_pages: number;
        } & {
            [key: string]: unknown;
        };
        /**
         * @example {
         *       "data": [
         *         {
         *           "id": "cus_7n42DGM5Tflk9n8mt7Fhc7",
         *           "name": "Acme Berlin GmbH",
         *           "alias": "acme",
         *           "billing_email": "billing@acme.test",
         *           "invoicing_emails": [
         *             "invoices@acme.test"
         *           ],
         *           "phone": null,
         *           "currency": "EUR",
         *           "invoicing_entity_id": "ive_7n42DGM5Tflk9n8mt7Fhc7",
         *           "vat_number": "DE123456789",
         *           "custom_taxes": [
         *             {
         *               "name": "City tax",
         *               "tax_code": "CITY",
         *               "rate": "20.5"
         *             }
         *           ],
         *           "billing_address": {
         *             "line1": "Main Street 1",
         *             "city": "Berlin",
         *             "zip_code": "10115",
         *             "country": "DE"
         *           },
         *           "shipping_address": {
         *             "same_as_billing": false,
         *             "address": {
         *               "line1": "Gate 7",
         *               "city": "Berlin",
         *               "zip_code": "10115",
         *               "country": "DE"
         *             }
         *           },
         *           "customer_type": "BUSINESS",
         *           "connected_account_id": null,
         *           "preferred_locales": [
         *             "de-DE"
         *           ],
         *           "custom_properties": {}
         *         }
         *       ],
         *       "pagination_meta": {
         *         "page": 0,
         *         "per_page": 10,
         *         "total_items": 1,
         *         "total_pages": 1
         *       }
         *     }
         */
        CustomerList: {
            data: components["schemas"]["Customer"][];
            pagination_meta: components["schemas"]["PaginationMeta"];
        } & {
            [key: string]: unknown;
        };
        OperationCustomer: {
            /** @description As in the URL; masked, unless it is a `cus_` id. */
            ref: string;
            customer_id: string | null;
        };
        Operation: {
            /** Format: uuid */
            id: string;
            /** @enum {string} */
            status: "pending" | "applied" | "unchanged" | "rejected" | "not_applied" | "unknown" | "unverifiable";
            changes: components["schemas"]["Change"][];
            /** Format: date-time */
            started_at: string;
            /**
             * Format: date-time
             * @description Null until the status is final.
             */
            ended_at: string | null;
            /** @description Whether the status can no longer change. */
            final: boolean;
            customer: components["schemas"]["OperationCustomer"];
            /** @description How often the BFF tried to send it. */
            attempts: number;
        };
        Tenant: {
            /** @enum {string} */
            status: "active" | "suspended";
            /** @description Null: the default of the service. */
            billing_api_url: string | null;
            /** @description Null: any invoicing entity. */
            invoicing_entities: string[] | null;
            /** @example acme */
            id: string;
            /** @example Acme GmbH */
            name: string;
        };
        TenantList: {
            data: components["schemas"]["Tenant"][];
        };
        PutTenant: {
            /**
             * @description May be left out; otherwise the id in the path.
             * @example acme
             */
            id?: string;
            /** @example Acme GmbH */
            name: string;
            /**
             * @description A suspended tenant's requests are refused. Left out: active.
             * @enum {string}
             */
            status?: "active" | "suspended";
            /**
             * Format: uri
             * @description The tenant's own billing API, at an origin of BILLING_API_ALLOWED_ORIGINS, without user name, query or
             *     fragment. Left out or null: the default of the service. Another origin retires the tenant's tokens: see
             *     `retire_tokens`.
             */
            billing_api_url?: string | null;
            /**
             * @description The only invoicing entities that patches may use. Left out or null: any.
             * @example [
             *       "ive_7n42DGM5Tflk9n8mt7Fhc7"
             *     ]
             */
            invoicing_entities?: string[] | null;
        };
        PatchTenant: {
            /** @example Acme GmbH */
            name?: string;
            /**
             * @description A suspended tenant's requests are refused; its trail can still be read, and personal data erased.
             * @enum {string}
             */
            status?: "active" | "suspended";
            /**
             * Format: uri
             * @description The tenant's own billing API, at an origin of BILLING_API_ALLOWED_ORIGINS, without user name, query or
             *     fragment; null: the default of the service.
             */
            billing_api_url?: string | null;
            /**
             * @description The only invoicing entities that patches may use; null: any.
             * @example [
             *       "ive_7n42DGM5Tflk9n8mt7Fhc7"
             *     ]
             */
            invoicing_entities?: string[] | null;
        };
        PutToken: {
            /**
             * Format: password
             * @description 1 to 4,096 visible ASCII characters. Stored encrypted and never shown again.
             */
            token: string;
        };
        TokenVersion: {
            /** Format: date-time */
            created_at: string;
            /**
             * Format: date-time
             * @description With a precision of a minute.
             */
            last_used_at: string | null;
            /** Format: date-time */
            retired_at: string | null;
            /**
             * Format: date-time
             * @description When the billing API began to reject it.
             */
            rejected_at: string | null;
            /** @example 7 */
            version: number;
            /** @description Keyed hash: identifies a token without revealing it. */
            fingerprint: string;
        };
        TokenVersionList: {
            /** @description Newest first. */
            data: components["schemas"]["TokenVersion"][];
        };
        Liveness: {
            /** @enum {string} */
            status: "up";
        };
        BillingApiHealth: {
            /**
             * @description Number of open circuit breakers, for tenants and origins.
             * @example 0
             */
            open_breakers: number;
        };
        AuditLogAlarm: {
            /** @enum {string} */
            reason: "state-does-not-fit-checkpoint" | "went-back" | "witness-is-ahead" | "witness-found-inconsistent";
            /** @description The log: a tenant's id, or `_platform`. */
            log: string;
        };
        AuditLogHealth: {
            /** @description Alarms that are not over; 20 at most. */
            alarms: components["schemas"]["AuditLogAlarm"][];
            /**
             * @description Events that may not enter their log, since the start of this instance.
             * @example 0
             */
            set_aside: number;
        };
        Readiness: {
            /** @enum {string} */
            status: "up" | "down";
            /** @description Each is `up` or `down`: the database answers; the identity provider's keys were fetched; the process is not shutting down. */
            checks: {
                [key: string]: "up" | "down";
            };
            billing_api: components["schemas"]["BillingApiHealth"];
            audit_log: components["schemas"]["AuditLogHealth"];
        };
    };
    responses: {
        /** @description [`validation-failed`](/problems/validation-failed): The request is not valid */
        ValidationFailed: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Cache-Control": components["headers"]["Cache-Control"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                RateLimit: components["headers"]["RateLimit"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description [`unauthenticated`](/problems/unauthenticated): A valid access token is required */
        Unauthenticated: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Cache-Control": components["headers"]["Cache-Control"];
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description [`insufficient-scope`](/problems/insufficient-scope): The access token lacks a scope<br>[`tenant-forbidden`](/problems/tenant-forbidden): The access token does not allow this tenant<br>[`tenant-unknown`](/problems/tenant-unknown): The tenant is unknown */
        Forbidden: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Cache-Control": components["headers"]["Cache-Control"];
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                RateLimit: components["headers"]["RateLimit"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description [`rate-limited`](/problems/rate-limited): The caller sends too many requests */
        RateLimited: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Cache-Control": components["headers"]["Cache-Control"];
                "Retry-After": components["headers"]["Retry-After"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                RateLimit: components["headers"]["RateLimit"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description [`internal`](/problems/internal): Something went wrong */
        Internal: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Cache-Control": components["headers"]["Cache-Control"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                RateLimit: components["headers"]["RateLimit"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description [`audit-unavailable`](/problems/audit-unavailable): The audit trail cannot be written<br>[`identity-provider-unavailable`](/problems/identity-provider-unavailable): Access tokens cannot be checked */
        ServiceUnavailable: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Cache-Control": components["headers"]["Cache-Control"];
                "Retry-After": components["headers"]["Retry-After"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                RateLimit: components["headers"]["RateLimit"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description [`not-found`](/problems/not-found): Not found */
        NotFound: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Cache-Control": components["headers"]["Cache-Control"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                RateLimit: components["headers"]["RateLimit"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description [`insufficient-scope`](/problems/insufficient-scope): The access token lacks a scope<br>[`tenant-forbidden`](/problems/tenant-forbidden): The access token does not allow this tenant<br>[`tenant-unknown`](/problems/tenant-unknown): The tenant is unknown<br>[`tenant-suspended`](/problems/tenant-suspended): The tenant is suspended<br>[`field-forbidden`](/problems/field-forbidden): The access token does not allow these fields */
        ForbiddenOfPatchCustomer: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Cache-Control": components["headers"]["Cache-Control"];
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                RateLimit: components["headers"]["RateLimit"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description [`request-timeout`](/problems/request-timeout): The request did not arrive in time */
        RequestTimeout: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Cache-Control": components["headers"]["Cache-Control"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                RateLimit: components["headers"]["RateLimit"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description [`payload-too-large`](/problems/payload-too-large): The body is too large */
        PayloadTooLarge: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Cache-Control": components["headers"]["Cache-Control"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                RateLimit: components["headers"]["RateLimit"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description [`unsupported-media-type`](/problems/unsupported-media-type): The media type is not supported */
        UnsupportedMediaType: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Cache-Control": components["headers"]["Cache-Control"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                RateLimit: components["headers"]["RateLimit"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description [`insufficient-scope`](/problems/insufficient-scope): The access token lacks a scope<br>[`tenant-forbidden`](/problems/tenant-forbidden): The access token does not allow this tenant<br>[`tenant-unknown`](/problems/tenant-unknown): The tenant is unknown<br>[`tenant-suspended`](/problems/tenant-suspended): The tenant is suspended */
        ForbiddenOfGetCustomer: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Cache-Control": components["headers"]["Cache-Control"];
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                RateLimit: components["headers"]["RateLimit"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description [`rate-limited`](/problems/rate-limited): The caller sends too many requests<br>[`rate-limited-by-billing`](/problems/rate-limited-by-billing): The billing API asks to slow down */
        TooManyRequests: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Cache-Control": components["headers"]["Cache-Control"];
                "Retry-After": components["headers"]["Retry-After"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                RateLimit: components["headers"]["RateLimit"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description [`billing-credentials-rejected`](/problems/billing-credentials-rejected): The billing API rejected our credentials<br>[`billing-unreachable`](/problems/billing-unreachable): The billing API could not be reached<br>[`billing-failed`](/problems/billing-failed): The billing API failed */
        BadGateway: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Cache-Control": components["headers"]["Cache-Control"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                RateLimit: components["headers"]["RateLimit"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description [`audit-unavailable`](/problems/audit-unavailable): The audit trail cannot be written<br>[`identity-provider-unavailable`](/problems/identity-provider-unavailable): Access tokens cannot be checked<br>[`billing-unavailable`](/problems/billing-unavailable): The billing API accepts no requests at the moment */
        ServiceUnavailableOfGetCustomer: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Cache-Control": components["headers"]["Cache-Control"];
                "Retry-After": components["headers"]["Retry-After"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                RateLimit: components["headers"]["RateLimit"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description [`billing-timeout`](/problems/billing-timeout): The billing API did not answer in time */
        BillingTimeout: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Cache-Control": components["headers"]["Cache-Control"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                RateLimit: components["headers"]["RateLimit"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description [`insufficient-scope`](/problems/insufficient-scope): The access token lacks a scope */
        InsufficientScope: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Cache-Control": components["headers"]["Cache-Control"];
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                RateLimit: components["headers"]["RateLimit"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description [`identity-provider-unavailable`](/problems/identity-provider-unavailable): Access tokens cannot be checked<br>[`audit-unavailable`](/problems/audit-unavailable): The audit trail cannot be written */
        ServiceUnavailableOfListTenants: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Cache-Control": components["headers"]["Cache-Control"];
                "Retry-After": components["headers"]["Retry-After"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                RateLimit: components["headers"]["RateLimit"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description [`validation-failed`](/problems/validation-failed): The request is not valid<br>[`malformed-json`](/problems/malformed-json): The body is not JSON */
        BadRequest: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Cache-Control": components["headers"]["Cache-Control"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                RateLimit: components["headers"]["RateLimit"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description [`tokens-would-retire`](/problems/tokens-would-retire): The change would retire the tokens of the tenant */
        TokensWouldRetire: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Cache-Control": components["headers"]["Cache-Control"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                RateLimit: components["headers"]["RateLimit"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description [`validation-failed`](/problems/validation-failed): The request is not valid */
        ValidationFailedOfGetLiveness: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Cache-Control": components["headers"]["Cache-Control"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        /**
         * @description `false` keeps the values masked though the caller may see them in clear (`audit:read:clear`); then the trail does not
         *     record that they were seen.
         */
        clear: boolean;
        /**
         * @description A customer's id (`cus_…`) or alias: finds every event of this customer's patches. An alias stands for every customer that
         *     had it when a patch or preview was recorded, until its personal data is erased.
         */
        customer: string;
        /** @description A subject (`sub`) or a client (`client_id`). */
        actor: string;
        action: "customer.patch" | "customer.patch.previewed" | "access.refused" | "tenant.changed" | "tenant.token.added" | "tenant.token.retired" | "tenant.token.rejected" | "audit.read" | "audit.exported" | "personal-data.erased";
        phase: "intent" | "outcome" | "refusal" | "event";
        outcome: "pending" | "applied" | "unchanged" | "rejected" | "not_applied" | "unknown" | "unverifiable" | "refused";
        /** @description Events with a change that had this effect; with `field`: a change of that field. */
        effect: "applied" | "normalised" | "ignored" | "raced" | "unverifiable" | "not_applied" | "unchanged";
        /** @description Top-level name of a field that a patch changes, such as `billing_address`; requires `customer`. */
        field: string;
        /** @description Version of the tenant's token that was used. */
        credential_version: number;
        /** @description Events at this time or later (RFC 3339, such as `2026-01-01T00:00:00Z`), or on this day (UTC) or later. */
        from: string;
        /** @description Events before this time (RFC 3339), or on this day (UTC, such as `2026-01-31`) or earlier. */
        to: string;
        /** @description The tenant to act for. If it is not the tenant in the token, the scope tenants:any is required. */
        "X-Tenant-Id": string;
        /** @description Used as the id of the request if it has 1 to 128 of A-Z a-z 0-9 . _ -; otherwise replaced by a new id. */
        "X-Request-Id": string;
        /** @description W3C Trace Context. The trace is continued. */
        traceparent: string;
        id: string;
        /** @description The customer's id (`cus_…`) or alias, percent-encoded. It has 1 to 255 characters after decoding, without white space, slashes, backslashes or invisible characters. */
        id_or_alias: string;
        /** @description The id of the operation that this patch undoes, on the same customer, else 400. The trail records it as `reverts`. */
        "X-Reverts-Operation": string;
        idOfPatchTenant: string;
        /** @description `true`: another origin in `billing_api_url` retires the tenant's tokens. Otherwise such a change is refused. */
        retire_tokens: boolean;
    };
    requestBodies: never;
    headers: {
        /** @description The request's own id if it was valid, else a new one. */
        "X-Request-Id": string;
        /** @description Always `no-store`. */
        "Cache-Control": string;
        /**
         * @description The number of requests (`q`) that a caller may send in `w` seconds (token bucket).
         * @example "caller";q=600;w=60
         */
        "RateLimit-Policy": string;
        /**
         * @description The number of requests left (`r`), and the seconds until one more is allowed (`t`).
         * @example "caller";r=599;t=1
         */
        RateLimit: string;
        "WWW-Authenticate": string;
        /** @description Whole seconds. */
        "Retry-After": number;
        /** @description Id of the patch in the audit trail. */
        "X-Operation-Id": string;
        /** @description `true` if this is the answer to an earlier request with the same key. */
        "Idempotency-Replayed": string;
        /** @description Strong and opaque. It covers every field except `is_tax_exempt`. */
        ETag: string;
        /** @description The customer's URL by id, which stays valid when the alias changes. */
        "Content-Location": string;
        /** @description The operation, if the outcome is unknown. */
        Location: string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getCustomer: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. If it is not the tenant in the token, the scope tenants:any is required. */
                "X-Tenant-Id"?: components["parameters"]["X-Tenant-Id"];
                /** @description Used as the id of the request if it has 1 to 128 of A-Z a-z 0-9 . _ -; otherwise replaced by a new id. */
                "X-Request-Id"?: components["parameters"]["X-Request-Id"];
                /** @description W3C Trace Context. The trace is continued. */
                traceparent?: components["parameters"]["traceparent"];
            };
            path: {
                /** @description The customer's id (`cus_…`) or alias, percent-encoded. It has 1 to 255 characters after decoding, without white space, slashes, backslashes or invisible characters. */
                id_or_alias: components["parameters"]["id_or_alias"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The customer. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    ETag: components["headers"]["ETag"];
                    "Content-Location": components["headers"]["Content-Location"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["ForbiddenOfGetCustomer"];
            /** @description [`customer-not-found`](/problems/customer-not-found): The customer does not exist */
            404: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["Internal"];
            502: components["responses"]["BadGateway"];
            503: components["responses"]["ServiceUnavailableOfGetCustomer"];
            504: components["responses"]["BillingTimeout"];
        };
    };
    patchCustomer: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. If it is not the tenant in the token, the scope tenants:any is required. */
                "X-Tenant-Id"?: components["parameters"]["X-Tenant-Id"];
                /** @description Used as the id of the request if it has 1 to 128 of A-Z a-z 0-9 . _ -; otherwise replaced by a new id. */
                "X-Request-Id"?: components["parameters"]["X-Request-Id"];
                /** @description W3C Trace Context. The trace is continued. */
                traceparent?: components["parameters"]["traceparent"];
                /** @description The id of the operation that this patch undoes, on the same customer, else 400. The trail records it as `reverts`. */
                "X-Reverts-Operation"?: components["parameters"]["X-Reverts-Operation"];
                /** @description The patch is applied only if the customer has one of these ETags; `*`: only if it exists. Patches with `If-Match` wait for each other. A change without `If-Match` is detected, not prevented. */
                "If-Match"?: string;
                /** @description A unique value for each patch, chosen by the caller. For 24 hours the same request with the same key gets the same answer, and nothing is sent again. After a failure that changed nothing the key can be used again. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The customer's id (`cus_…`) or alias, percent-encoded. It has 1 to 255 characters after decoding, without white space, slashes, backslashes or invisible characters. */
                id_or_alias: components["parameters"]["id_or_alias"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PatchCustomer"];
            };
        };
        responses: {
            /** @description The customer after the patch. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "X-Operation-Id": components["headers"]["X-Operation-Id"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    ETag: components["headers"]["ETag"];
                    "Content-Location": components["headers"]["Content-Location"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
            /** @description [`validation-failed`](/problems/validation-failed): The request is not valid<br>[`malformed-json`](/problems/malformed-json): The body is not JSON<br>[`rejected-by-billing`](/problems/rejected-by-billing): The billing API rejected the change */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "X-Operation-Id": components["headers"]["X-Operation-Id"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["ForbiddenOfPatchCustomer"];
            /** @description [`customer-not-found`](/problems/customer-not-found): The customer does not exist */
            404: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "X-Operation-Id": components["headers"]["X-Operation-Id"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            408: components["responses"]["RequestTimeout"];
            /** @description [`conflict`](/problems/conflict): The change conflicts with another customer<br>[`idempotency-in-flight`](/problems/idempotency-in-flight): A request with this idempotency key is still running */
            409: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Retry-After": components["headers"]["Retry-After"];
                    "X-Operation-Id": components["headers"]["X-Operation-Id"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description [`precondition-failed`](/problems/precondition-failed): The customer is not in the expected state */
            412: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "X-Operation-Id": components["headers"]["X-Operation-Id"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            /** @description [`idempotency-key-reused`](/problems/idempotency-key-reused): The idempotency key was used for another request */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description [`rate-limited`](/problems/rate-limited): The caller sends too many requests<br>[`rate-limited-by-billing`](/problems/rate-limited-by-billing): The billing API asks to slow down */
            429: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Retry-After": components["headers"]["Retry-After"];
                    "X-Operation-Id": components["headers"]["X-Operation-Id"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Internal"];
            /** @description [`billing-credentials-rejected`](/problems/billing-credentials-rejected): The billing API rejected our credentials<br>[`billing-unreachable`](/problems/billing-unreachable): The billing API could not be reached<br>[`billing-failed`](/problems/billing-failed): The billing API failed */
            502: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "X-Operation-Id": components["headers"]["X-Operation-Id"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    Location: components["headers"]["Location"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description [`audit-unavailable`](/problems/audit-unavailable): The audit trail cannot be written<br>[`identity-provider-unavailable`](/problems/identity-provider-unavailable): Access tokens cannot be checked<br>[`billing-unavailable`](/problems/billing-unavailable): The billing API accepts no requests at the moment */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Retry-After": components["headers"]["Retry-After"];
                    "X-Operation-Id": components["headers"]["X-Operation-Id"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    Location: components["headers"]["Location"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description [`billing-timeout`](/problems/billing-timeout): The billing API did not answer in time */
            504: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "X-Operation-Id": components["headers"]["X-Operation-Id"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    Location: components["headers"]["Location"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listCustomers: {
        parameters: {
            query?: {
                /**
                 * @description Text to search for. The billing API decides which customers match. Up to 255 characters, without control characters,
                 *     line breaks and bidirectional overrides. It is sent unchanged, and it is neither logged nor stored.
                 */
                search?: string;
                /** @description Lists only archived customers (`true`), or only customers that are not archived (`false`). */
                archived?: boolean;
                /** @description The number of the page; the first is 0. */
                page?: number;
                /** @description Customers on a page: 1 to 100. */
                per_page?: number;
                /** @description A field and a direction. */
                order_by?: "name.asc" | "name.desc" | "email.asc" | "email.desc" | "alias.asc" | "alias.desc" | "created_at.asc" | "created_at.desc";
            };
            header?: {
                /** @description The tenant to act for. If it is not the tenant in the token, the scope tenants:any is required. */
                "X-Tenant-Id"?: components["parameters"]["X-Tenant-Id"];
                /** @description Used as the id of the request if it has 1 to 128 of A-Z a-z 0-9 . _ -; otherwise replaced by a new id. */
                "X-Request-Id"?: components["parameters"]["X-Request-Id"];
                /** @description W3C Trace Context. The trace is continued. */
                traceparent?: components["parameters"]["traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page of customers. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CustomerList"];
                };
            };
            /** @description [`validation-failed`](/problems/validation-failed): The request is not valid<br>[`rejected-by-billing`](/problems/rejected-by-billing): The billing API rejected the change */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["ForbiddenOfGetCustomer"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["Internal"];
            502: components["responses"]["BadGateway"];
            503: components["responses"]["ServiceUnavailableOfGetCustomer"];
            504: components["responses"]["BillingTimeout"];
        };
    };
    erasePersonalData: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. If it is not the tenant in the token, the scope tenants:any is required. */
                "X-Tenant-Id"?: components["parameters"]["X-Tenant-Id"];
                /** @description Used as the id of the request if it has 1 to 128 of A-Z a-z 0-9 . _ -; otherwise replaced by a new id. */
                "X-Request-Id"?: components["parameters"]["X-Request-Id"];
                /** @description W3C Trace Context. The trace is continued. */
                traceparent?: components["parameters"]["traceparent"];
            };
            path: {
                cus_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The data are erased, or there were none. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    previewCustomerPatch: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. If it is not the tenant in the token, the scope tenants:any is required. */
                "X-Tenant-Id"?: components["parameters"]["X-Tenant-Id"];
                /** @description Used as the id of the request if it has 1 to 128 of A-Z a-z 0-9 . _ -; otherwise replaced by a new id. */
                "X-Request-Id"?: components["parameters"]["X-Request-Id"];
                /** @description W3C Trace Context. The trace is continued. */
                traceparent?: components["parameters"]["traceparent"];
                /** @description The id of the operation that this patch undoes, on the same customer, else 400. The trail records it as `reverts`. */
                "X-Reverts-Operation"?: components["parameters"]["X-Reverts-Operation"];
                /** @description The preview is 412 unless the customer has one of these ETags. */
                "If-Match"?: string;
            };
            path: {
                /** @description The customer's id (`cus_…`) or alias, percent-encoded. It has 1 to 255 characters after decoding, without white space, slashes, backslashes or invisible characters. */
                id_or_alias: components["parameters"]["id_or_alias"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PatchCustomer"];
            };
        };
        responses: {
            /** @description What the patch would change. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "X-Operation-Id": components["headers"]["X-Operation-Id"];
                    /** @description The tag of the customer as it is, for `If-Match`. */
                    ETag?: string;
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CustomerPreview"];
                };
            };
            /** @description [`validation-failed`](/problems/validation-failed): The request is not valid<br>[`malformed-json`](/problems/malformed-json): The body is not JSON */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "X-Operation-Id": components["headers"]["X-Operation-Id"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["ForbiddenOfPatchCustomer"];
            /** @description [`customer-not-found`](/problems/customer-not-found): The customer does not exist */
            404: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "X-Operation-Id": components["headers"]["X-Operation-Id"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            408: components["responses"]["RequestTimeout"];
            /** @description [`precondition-failed`](/problems/precondition-failed): The customer is not in the expected state */
            412: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "X-Operation-Id": components["headers"]["X-Operation-Id"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            /** @description [`rate-limited`](/problems/rate-limited): The caller sends too many requests<br>[`rate-limited-by-billing`](/problems/rate-limited-by-billing): The billing API asks to slow down */
            429: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Retry-After": components["headers"]["Retry-After"];
                    "X-Operation-Id": components["headers"]["X-Operation-Id"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Internal"];
            /** @description [`billing-credentials-rejected`](/problems/billing-credentials-rejected): The billing API rejected our credentials<br>[`billing-unreachable`](/problems/billing-unreachable): The billing API could not be reached<br>[`billing-failed`](/problems/billing-failed): The billing API failed */
            502: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "X-Operation-Id": components["headers"]["X-Operation-Id"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description [`audit-unavailable`](/problems/audit-unavailable): The audit trail cannot be written<br>[`identity-provider-unavailable`](/problems/identity-provider-unavailable): Access tokens cannot be checked<br>[`billing-unavailable`](/problems/billing-unavailable): The billing API accepts no requests at the moment */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Retry-After": components["headers"]["Retry-After"];
                    "X-Operation-Id": components["headers"]["X-Operation-Id"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description [`billing-timeout`](/problems/billing-timeout): The billing API did not answer in time */
            504: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "X-Operation-Id": components["headers"]["X-Operation-Id"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getOperation: {
        parameters: {
            query?: {
                /** @description Seconds to hold the answer until the status is final: 0 to 30. After that the status is answered as it is. */
                wait?: number;
            };
            header?: {
                /** @description The tenant to act for. If it is not the tenant in the token, the scope tenants:any is required. */
                "X-Tenant-Id"?: components["parameters"]["X-Tenant-Id"];
                /** @description Used as the id of the request if it has 1 to 128 of A-Z a-z 0-9 . _ -; otherwise replaced by a new id. */
                "X-Request-Id"?: components["parameters"]["X-Request-Id"];
                /** @description W3C Trace Context. The trace is continued. */
                traceparent?: components["parameters"]["traceparent"];
            };
            path: {
                id: components["parameters"]["id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The operation. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Operation"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["ForbiddenOfGetCustomer"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listAuditEvents: {
        parameters: {
            query?: {
                /**
                 * @description `false` keeps the values masked though the caller may see them in clear (`audit:read:clear`); then the trail does not
                 *     record that they were seen.
                 */
                clear?: components["parameters"]["clear"];
                /**
                 * @description A customer's id (`cus_…`) or alias: finds every event of this customer's patches. An alias stands for every customer that
                 *     had it when a patch or preview was recorded, until its personal data is erased.
                 */
                customer?: components["parameters"]["customer"];
                /** @description A subject (`sub`) or a client (`client_id`). */
                actor?: components["parameters"]["actor"];
                action?: components["parameters"]["action"];
                phase?: components["parameters"]["phase"];
                outcome?: components["parameters"]["outcome"];
                /** @description Events with a change that had this effect; with `field`: a change of that field. */
                effect?: components["parameters"]["effect"];
                /** @description Top-level name of a field that a patch changes, such as `billing_address`; requires `customer`. */
                field?: components["parameters"]["field"];
                /** @description Version of the tenant's token that was used. */
                credential_version?: components["parameters"]["credential_version"];
                /** @description Events at this time or later (RFC 3339, such as `2026-01-01T00:00:00Z`), or on this day (UTC) or later. */
                from?: components["parameters"]["from"];
                /** @description Events before this time (RFC 3339), or on this day (UTC, such as `2026-01-31`) or earlier. */
                to?: components["parameters"]["to"];
                /** @description Events on a page: 1 to 200, 50 by default. */
                limit?: number;
                /** @description `next_cursor` of the previous page; same filters, same caller. */
                cursor?: string;
            };
            header?: {
                /** @description The tenant to act for. If it is not the tenant in the token, the scope tenants:any is required. */
                "X-Tenant-Id"?: components["parameters"]["X-Tenant-Id"];
                /** @description Used as the id of the request if it has 1 to 128 of A-Z a-z 0-9 . _ -; otherwise replaced by a new id. */
                "X-Request-Id"?: components["parameters"]["X-Request-Id"];
                /** @description W3C Trace Context. The trace is continued. */
                traceparent?: components["parameters"]["traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page of the trail. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditEventPage"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    getAuditEvent: {
        parameters: {
            query?: {
                /**
                 * @description `false` keeps the values masked though the caller may see them in clear (`audit:read:clear`); then the trail does not
                 *     record that they were seen.
                 */
                clear?: components["parameters"]["clear"];
            };
            header?: {
                /** @description The tenant to act for. If it is not the tenant in the token, the scope tenants:any is required. */
                "X-Tenant-Id"?: components["parameters"]["X-Tenant-Id"];
                /** @description Used as the id of the request if it has 1 to 128 of A-Z a-z 0-9 . _ -; otherwise replaced by a new id. */
                "X-Request-Id"?: components["parameters"]["X-Request-Id"];
                /** @description W3C Trace Context. The trace is continued. */
                traceparent?: components["parameters"]["traceparent"];
            };
            path: {
                id: components["parameters"]["id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The event. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditEvent"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    getAuditEventProof: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. If it is not the tenant in the token, the scope tenants:any is required. */
                "X-Tenant-Id"?: components["parameters"]["X-Tenant-Id"];
                /** @description Used as the id of the request if it has 1 to 128 of A-Z a-z 0-9 . _ -; otherwise replaced by a new id. */
                "X-Request-Id"?: components["parameters"]["X-Request-Id"];
                /** @description W3C Trace Context. The trace is continued. */
                traceparent?: components["parameters"]["traceparent"];
            };
            path: {
                id: components["parameters"]["id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The proof. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            /** @description [`not-sealed`](/problems/not-sealed): The event is not in the log yet */
            409: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "Retry-After": components["headers"]["Retry-After"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    getAuditLogCheckpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. If it is not the tenant in the token, the scope tenants:any is required. */
                "X-Tenant-Id"?: components["parameters"]["X-Tenant-Id"];
                /** @description Used as the id of the request if it has 1 to 128 of A-Z a-z 0-9 . _ -; otherwise replaced by a new id. */
                "X-Request-Id"?: components["parameters"]["X-Request-Id"];
                /** @description W3C Trace Context. The trace is continued. */
                traceparent?: components["parameters"]["traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The checkpoint. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    getAuditLogKeys: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. If it is not the tenant in the token, the scope tenants:any is required. */
                "X-Tenant-Id"?: components["parameters"]["X-Tenant-Id"];
                /** @description Used as the id of the request if it has 1 to 128 of A-Z a-z 0-9 . _ -; otherwise replaced by a new id. */
                "X-Request-Id"?: components["parameters"]["X-Request-Id"];
                /** @description W3C Trace Context. The trace is continued. */
                traceparent?: components["parameters"]["traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The keys. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    getAuditLogTile: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tenant to act for. If it is not the tenant in the token, the scope tenants:any is required. */
                "X-Tenant-Id"?: components["parameters"]["X-Tenant-Id"];
                /** @description Used as the id of the request if it has 1 to 128 of A-Z a-z 0-9 . _ -; otherwise replaced by a new id. */
                "X-Request-Id"?: components["parameters"]["X-Request-Id"];
                /** @description W3C Trace Context. The trace is continued. */
                traceparent?: components["parameters"]["traceparent"];
            };
            path: {
                level: number;
                /** @description The number of the tile in groups of three digits, as in `x001/x234/067` or `000.p/12`. */
                path: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The hashes. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    exportAuditEvents: {
        parameters: {
            query?: {
                /**
                 * @description `false` keeps the values masked though the caller may see them in clear (`audit:read:clear`); then the trail does not
                 *     record that they were seen.
                 */
                clear?: components["parameters"]["clear"];
                /**
                 * @description A customer's id (`cus_…`) or alias: finds every event of this customer's patches. An alias stands for every customer that
                 *     had it when a patch or preview was recorded, until its personal data is erased.
                 */
                customer?: components["parameters"]["customer"];
                /** @description A subject (`sub`) or a client (`client_id`). */
                actor?: components["parameters"]["actor"];
                action?: components["parameters"]["action"];
                phase?: components["parameters"]["phase"];
                outcome?: components["parameters"]["outcome"];
                /** @description Events with a change that had this effect; with `field`: a change of that field. */
                effect?: components["parameters"]["effect"];
                /** @description Top-level name of a field that a patch changes, such as `billing_address`; requires `customer`. */
                field?: components["parameters"]["field"];
                /** @description Version of the tenant's token that was used. */
                credential_version?: components["parameters"]["credential_version"];
                /** @description Events at this time or later (RFC 3339, such as `2026-01-01T00:00:00Z`), or on this day (UTC) or later. */
                from?: components["parameters"]["from"];
                /** @description Events before this time (RFC 3339), or on this day (UTC, such as `2026-01-31`) or earlier. */
                to?: components["parameters"]["to"];
                /** @description Only for an NDJSON export of everything: it begins behind this leaf. */
                after_leaf?: number;
            };
            header?: {
                /** @description The tenant to act for. If it is not the tenant in the token, the scope tenants:any is required. */
                "X-Tenant-Id"?: components["parameters"]["X-Tenant-Id"];
                /** @description Used as the id of the request if it has 1 to 128 of A-Z a-z 0-9 . _ -; otherwise replaced by a new id. */
                "X-Request-Id"?: components["parameters"]["X-Request-Id"];
                /** @description W3C Trace Context. The trace is continued. */
                traceparent?: components["parameters"]["traceparent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All matching events, oldest first. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    /** @description An attachment, with a name for its file. */
                    "Content-Disposition": string;
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                    "text/csv": string;
                    "application/vnd.ocsf.api-activity+x-ndjson": string;
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listTenants: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All tenants, ordered by id. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantList"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["InsufficientScope"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["ServiceUnavailableOfListTenants"];
        };
    };
    getTenant: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["idOfPatchTenant"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The tenant. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["InsufficientScope"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["ServiceUnavailableOfListTenants"];
        };
    };
    putTenant: {
        parameters: {
            query?: {
                /** @description `true`: another origin in `billing_api_url` retires the tenant's tokens. Otherwise such a change is refused. */
                retire_tokens?: components["parameters"]["retire_tokens"];
            };
            header?: never;
            path: {
                id: components["parameters"]["idOfPatchTenant"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PutTenant"];
            };
        };
        responses: {
            /** @description The changed tenant. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            /** @description The new tenant. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["InsufficientScope"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["TokensWouldRetire"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["ServiceUnavailableOfListTenants"];
        };
    };
    patchTenant: {
        parameters: {
            query?: {
                /** @description `true`: another origin in `billing_api_url` retires the tenant's tokens. Otherwise such a change is refused. */
                retire_tokens?: components["parameters"]["retire_tokens"];
            };
            header?: never;
            path: {
                id: components["parameters"]["idOfPatchTenant"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PatchTenant"];
            };
        };
        responses: {
            /** @description The changed tenant. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["InsufficientScope"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["TokensWouldRetire"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["ServiceUnavailableOfListTenants"];
        };
    };
    putToken: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["idOfPatchTenant"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PutToken"];
            };
        };
        responses: {
            /** @description The new version; it is the current one. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenVersion"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["InsufficientScope"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["ServiceUnavailableOfListTenants"];
        };
    };
    listTokenVersions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["idOfPatchTenant"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The versions, newest first. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenVersionList"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["InsufficientScope"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["ServiceUnavailableOfListTenants"];
        };
    };
    retireToken: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["idOfPatchTenant"];
                version: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The version is retired. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["InsufficientScope"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["ServiceUnavailableOfListTenants"];
        };
    };
    getLiveness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The process runs. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Liveness"];
                };
            };
            400: components["responses"]["ValidationFailedOfGetLiveness"];
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The instance is ready. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            400: components["responses"]["ValidationFailedOfGetLiveness"];
            /** @description The instance is not ready. */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Metrics in the Prometheus text format. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            400: components["responses"]["ValidationFailedOfGetLiveness"];
        };
    };
}
