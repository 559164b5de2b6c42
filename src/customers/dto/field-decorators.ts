import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Big } from 'big.js';
import { isEmail } from 'class-validator';
import { boolean, inTurn, ListOf, type Rule, Satisfies } from '../../http/rules.js';
import {
  noInvisible,
  PLAIN_TEXT,
  text,
  textThat,
  VISIBLE_TEXT,
  visibleText,
  without,
} from '../../http/text-rules.js';
import { INVOICING_ENTITY_ID } from '../../tenants/tenant.js';
import { alias, ALIAS_PATTERN } from './alias.js';
import { COUNTRIES, CURRENCIES } from './contract-values.js';

/** 1 to 255 characters, at least one of them visible. */
export const Name = (): PropertyDecorator =>
  applyDecorators(
    Satisfies(visibleText(255)),
    ApiProperty({ type: String, minLength: 1, maxLength: 255, pattern: VISIBLE_TEXT }),
  );

/** An alias that a URL can address (U8). */
export const Alias = (): PropertyDecorator =>
  applyDecorators(
    Satisfies(alias),
    ApiProperty({ type: String, minLength: 1, maxLength: 255, pattern: ALIAS_PATTERN }),
  );

const email: Rule = inTurn(
  text(1, 254),
  noInvisible,
  textThat((value) => isEmail(value), 'not-email', 'must be an e-mail address'),
);

/** An address has no white space and no invisible characters; the format describes the rest. */
const EMAIL = {
  type: 'string',
  format: 'email',
  maxLength: 254,
  pattern: '^[^\\s\\p{Cc}\\p{Cf}\\p{Default_Ignorable_Code_Point}]+$',
} as const;

export const Email = (): PropertyDecorator => applyDecorators(Satisfies(email), ApiProperty(EMAIL));

export const EmailList = (max: number): PropertyDecorator =>
  applyDecorators(ListOf(max, email), ApiProperty({ type: 'array', items: { ...EMAIL }, maxItems: max }));

const PHONE = /^[0-9 +()\-./]{3,32}(?: *(?:ext\.?|extension|;ext=|x|#) *[0-9]{1,11})?$/i;
/** The same pattern, without flags. */
const PHONE_PATTERN =
  '^(?=(.*[0-9]){3})[0-9 +()\\-./]{3,32}' +
  '( *([eE][xX][tT]\\.?|[eE][xX][tT][eE][nN][sS][iI][oO][nN]|;[eE][xX][tT]=|[xX]|#) *[0-9]{1,11})?$';

/** Digits and the punctuation that people write between them, with an optional extension. */
export const Phone = (): PropertyDecorator =>
  applyDecorators(
    Satisfies(
      text(3, 32),
      without(
        /[^0-9 +()\-./A-Za-z#;=]/u,
        'not-phone',
        'may contain digits, spaces, + ( ) - . / and an extension',
      ),
      textThat(
        (value) => PHONE.test(value),
        'not-phone',
        'may contain digits, spaces, + ( ) - . / and an extension (x, ext, extension, # or ;ext= and digits)',
      ),
      textThat(
        (value) => /(?:[0-9][^0-9]*){3}/.test(value),
        'not-phone',
        'must contain at least three digits',
      ),
    ),
    ApiProperty({ type: String, minLength: 3, maxLength: 32, pattern: PHONE_PATTERN }),
  );

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

/** Mexican tax ids contain & and Ñ. */
export const VatNumber = (): PropertyDecorator =>
  applyDecorators(
    Satisfies(
      text(1, 32),
      without(
        /[^A-Za-zÑñ0-9 .\-/*+&]/u,
        'not-vat-number',
        'may contain ASCII letters, Ñ, ñ, digits, spaces and . - / * + &',
      ),
      textThat(
        (value) => /[A-Za-zÑñ0-9].*[A-Za-zÑñ0-9]/.test(value),
        'not-vat-number',
        'must contain at least two letters or digits',
      ),
    ),
    ApiProperty({
      type: String,
      minLength: 1,
      maxLength: 32,
      pattern: '^(?=(.*[A-Za-zÑñ0-9]){2})[A-Za-zÑñ0-9 .\\-/*+&]+$',
    }),
  );

/** A line of an address: 0 to 255 characters. */
export const AddressLine = (): PropertyDecorator =>
  applyDecorators(
    Satisfies(text(0, 255)),
    ApiProperty({ type: String, maxLength: 255, pattern: PLAIN_TEXT }),
  );

export const Country = (): PropertyDecorator =>
  applyDecorators(
    Satisfies(
      textThat(
        (value) => COUNTRIES.includes(value),
        'not-country',
        'must be an ISO 3166-1 alpha-2 code in upper case, or XK',
      ),
    ),
    ApiProperty({ type: String, enum: COUNTRIES }),
  );

const DECIMAL = /^[0-9]+(?:\.[0-9]+)?$/;
const MAX_RATE_DIGITS = 28;
/** The same pattern, with its bounds. */
const RATE_PATTERN = '^0*(100(\\.0+)?|[0-9]{1,2}(\\.[0-9]+)?)$';

/** A tax rate in per cent: decimal text from 0 to 100. */
export const Rate = (): PropertyDecorator =>
  applyDecorators(
    Satisfies(
      text(1, MAX_RATE_DIGITS + 1),
      without(/[^0-9.]/u, 'not-decimal', 'must be a decimal number as text, without sign or exponent'),
      textThat(
        (value) => DECIMAL.test(value),
        'not-decimal',
        'must be a decimal number as text, without sign or exponent',
      ),
      textThat(
        (value) => value.replace('.', '').length <= MAX_RATE_DIGITS,
        'too-long',
        `may have at most ${MAX_RATE_DIGITS} digits`,
      ),
      textThat((value) => new Big(value).lte(100), 'out-of-range', 'must be from 0 to 100'),
    ),
    ApiProperty({ type: String, pattern: RATE_PATTERN, maxLength: MAX_RATE_DIGITS + 1 }),
  );
