import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Big } from 'big.js';
import { isEmail, isISO31661Alpha2 } from 'class-validator';
import { boolean, inTurn, list, type Rule, Satisfies, text, textThat } from '../../http/rules.js';
import { CURRENCIES } from './contract-values.js';

/** 1 to 255 characters, not only white space. */
export const Name = (): PropertyDecorator =>
  applyDecorators(
    Satisfies(
      text(1, 255),
      textThat((value) => /\S/u.test(value), 'blank', 'may not be only white space'),
    ),
    ApiProperty({ type: String, minLength: 1, maxLength: 255, pattern: '\\S' }),
  );

/** An alias that a URL can address (U8). */
export const Alias = (): PropertyDecorator =>
  applyDecorators(
    Satisfies(
      text(1, 255),
      textThat((value) => !/[\s/]/u.test(value), 'not-addressable', 'may not contain white space or a slash'),
      textThat((value) => value !== '.' && value !== '..', 'not-addressable', 'may not be . or ..'),
      textThat(
        (value) => !value.startsWith('cus_'),
        'not-addressable',
        'may not begin with cus_: it would read as an id',
      ),
    ),
    ApiProperty({ type: String, minLength: 1, maxLength: 255, pattern: '^(?!cus_)(?!\\.{1,2}$)[^\\s/]+$' }),
  );

const email: Rule = inTurn(
  text(1, 254),
  textThat((value) => isEmail(value), 'not-email', 'must be an e-mail address'),
);

export const Email = (): PropertyDecorator =>
  applyDecorators(Satisfies(email), ApiProperty({ type: String, format: 'email', maxLength: 254 }));

export const EmailList = (max: number): PropertyDecorator =>
  applyDecorators(
    Satisfies(list(max, email)),
    ApiProperty({ type: 'array', items: { type: 'string', format: 'email', maxLength: 254 }, maxItems: max }),
  );

const PHONE = /^[0-9 +()\-./]{3,32}(?: *(?:ext\.?|x|#) *[0-9]{1,11})?$/i;

/** Digits and the signs that people write between them, with an optional extension. */
export const Phone = (): PropertyDecorator =>
  applyDecorators(
    Satisfies(
      text(3, 32),
      textThat(
        (value) => PHONE.test(value),
        'not-phone',
        'may contain digits, spaces, + ( ) - . / and an extension (x, ext or # and digits)',
      ),
      textThat(
        (value) => /(?:[0-9][^0-9]*){3}/.test(value),
        'not-phone',
        'must contain at least three digits',
      ),
    ),
    ApiProperty({ type: String, minLength: 3, maxLength: 32, pattern: PHONE_PATTERN }),
  );

const PHONE_PATTERN = '^(?=(.*[0-9]){3})[0-9 +()\\-./]{3,32}( *([eE][xX][tT]\\.?|[xX]|#) *[0-9]{1,11})?$';

export const Currency = (): PropertyDecorator =>
  applyDecorators(
    Satisfies(
      textThat(
        (value) => CURRENCIES.includes(value),
        'not-currency',
        'must be one of the documented currency codes',
      ),
    ),
    ApiProperty({ type: String, enum: CURRENCIES }),
  );

const INVOICING_ENTITY_ID = /^ive_[0-9A-Za-z]{1,22}$/;

export const InvoicingEntityId = (): PropertyDecorator =>
  applyDecorators(
    Satisfies(
      textThat(
        (value) => INVOICING_ENTITY_ID.test(value),
        'not-invoicing-entity-id',
        'must be ive_ and 1 to 22 letters and digits',
      ),
    ),
    ApiProperty({ type: String, pattern: INVOICING_ENTITY_ID.source }),
  );

export const JsonBoolean = (): PropertyDecorator =>
  applyDecorators(Satisfies(boolean), ApiProperty({ type: Boolean }));

export const VatNumber = (): PropertyDecorator =>
  applyDecorators(
    Satisfies(
      text(1, 32),
      textThat(
        (value) => /^[A-Za-z0-9 .\-/*+]+$/.test(value),
        'not-vat-number',
        'may contain ASCII letters, digits, spaces and . - / * +',
      ),
      textThat(
        (value) => /[A-Za-z0-9].*[A-Za-z0-9]/.test(value),
        'not-vat-number',
        'must contain at least two letters or digits',
      ),
    ),
    ApiProperty({
      type: String,
      minLength: 1,
      maxLength: 32,
      pattern: '^(?=(.*[A-Za-z0-9]){2})[A-Za-z0-9 .\\-/*+]+$',
    }),
  );

/** Any text of 1 to `max` characters. */
export const Text = (max: number): PropertyDecorator =>
  applyDecorators(Satisfies(text(1, max)), ApiProperty({ type: String, minLength: 1, maxLength: max }));

/** A line of an address: up to 255 characters, and it may be empty. */
export const AddressLine = (): PropertyDecorator =>
  applyDecorators(Satisfies(text(0, 255)), ApiProperty({ type: String, maxLength: 255 }));

export const Country = (): PropertyDecorator =>
  applyDecorators(
    Satisfies(
      textThat(
        (value) => /^[A-Z]{2}$/.test(value) && isISO31661Alpha2(value),
        'not-country',
        'must be an ISO 3166-1 alpha-2 code in upper case',
      ),
    ),
    ApiProperty({ type: String, pattern: '^[A-Z]{2}$', minLength: 2, maxLength: 2 }),
  );

const DECIMAL = /^[0-9]+(?:\.[0-9]+)?$/;
const MAX_RATE_DIGITS = 28;

/** A tax rate in per cent: decimal text from 0 to 100. */
export const Rate = (): PropertyDecorator =>
  applyDecorators(
    Satisfies(
      textThat(
        (value) => DECIMAL.test(value),
        'not-decimal',
        'must be a decimal number as text, without sign or exponent',
      ),
      textThat(
        (value) => value.replace('.', '').length <= MAX_RATE_DIGITS,
        'too-long',
        `may have ${MAX_RATE_DIGITS} digits at most`,
      ),
      textThat((value) => new Big(value).lte(100), 'out-of-range', 'must be from 0 to 100'),
    ),
    ApiProperty({ type: String, pattern: DECIMAL.source, maxLength: MAX_RATE_DIGITS + 1 }),
  );
