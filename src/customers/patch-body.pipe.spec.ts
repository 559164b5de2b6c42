import fc from 'fast-check';
import { Problem } from '../http/problem.js';
import { AddressDto } from './dto/address.dto.js';
import { CustomTaxDto, PatchCustomerDto } from './dto/patch-customer.dto.js';
import { readPatch } from './patch-body.pipe.js';

const LETTERS = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ');

/** The codes officially assigned by ISO 3166-1 alpha-2, and XK. */
const COUNTRIES =
  'AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ ' +
  'CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO ' +
  'FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE ' +
  'JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO ' +
  'MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW ' +
  'PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM ' +
  'TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW';

/** The list in the seed. */
const CURRENCIES =
  'AED, AFN, ALL, AMD, ANG, AOA, ARS, AUD, AWG, AZN, BAM, BBD, BDT, BGN, BHD, BIF, BMD, BND, BOB, BRL, BSD, BTN, BWP, BYN, BZD, CAD, CDF, CHF, CLP, CNH, CNY, COP, CRC, CUC, CUP, CVE, CZK, DJF, DKK, DOP, DZD, EGP, ERN, ETB, EUR, FJD, FKP, GBP, GEL, GHS, GIP, GMD, GNF, GTQ, GYD, HKD, HNL, HRK, HTG, HUF, IDR, ILS, INR, IQD, IRR, ISK, JMD, JOD, JPY, KES, KGS, KHR, KMF, KPW, KRW, KWD, KYD, KZT, LAK, LBP, LKR, LRD, LSL, LYD, MAD, MDL, MGA, MKD, MMK, MNT, MOP, MRU, MUR, MVR, MWK, MXN, MYR, MZN, NAD, NGN, NIO, NOK, NPR, NZD, OMR, PAB, PEN, PGK, PHP, PKR, PLN, PYG, QAR, RON, RSD, RUB, RWF, SAR, SBD, SCR, SDG, SEK, SGD, SHP, SLL, SOS, SRD, SSP, STD, STN, SVC, SYP, SZL, THB, TJS, TMT, TND, TOP, TRY, TTD, TWD, TZS, UAH, UGX, USD, UYU, UZS, VES, VND, VUV, WST, XAF, XCD, XOF, XPF, YER, ZAR, ZMW, ZWL';

const accepts = (body: unknown, invoicingEntities?: string[]): boolean => {
  try {
    readPatch(body, { invoicingEntities });
    return true;
  } catch (error) {
    if (error instanceof Problem && error.slug === 'validation-failed') return false;
    throw error;
  }
};

describe('the patch body', () => {
  it('takes exactly the 159 currencies of the contract', () => {
    const all = LETTERS.flatMap((a) => LETTERS.flatMap((b) => LETTERS.map((c) => a + b + c)));
    const listed = CURRENCIES.split(', ');

    expect(listed).toHaveLength(159);
    expect(all.filter((currency) => accepts({ currency }))).toEqual(listed);
  });

  it('takes exactly the 249 assigned countries and Kosovo', () => {
    const all = LETTERS.flatMap((a) => LETTERS.map((b) => a + b));

    expect(all.filter((country) => accepts({ billing_address: { country } }))).toEqual(COUNTRIES.split(' '));
  });

  it('takes no control character, line break, bidirectional override or lone surrogate in any text, and every other character', () => {
    const units = Array.from({ length: 0x1_00_00 }, (_, unit) => String.fromCharCode(unit));
    const isRefused = (text: string): boolean => !accepts({ billing_address: { line1: `a${text}b` } });
    const bad = units.filter((unit) => /[\p{Cc}\p{Cs}\u2028-\u202e]/u.test(unit));
    const good = units.filter((unit) => !bad.includes(unit)).join('');

    expect(bad.filter(isRefused)).toEqual(bad);
    // As many at once as a line may be long.
    expect((good.match(/.{1,253}/gsu) ?? []).filter(isRefused)).toEqual([]);
  });

  it.each([
    [undefined, 'ive_1', true],
    [['ive_1', 'ive_2'], 'ive_2', true],
    [['ive_1'], 'ive_2', false],
    [['ive_1'], 'ive_', false],
    [[], 'ive_1', false],
  ])('with a tenant’s list of invoicing entities %p takes %s: %p', (listed, id, accepted) => {
    expect(accepts({ invoicing_entity_id: id }, listed)).toBe(accepted);
  });

  it('does not change the value that it is given', () => {
    const body = {
      name: ' Acme ',
      custom_taxes: [{ name: 'a', tax_code: 'b', rate: '01.50' }],
      billing_address: {},
    };
    const before = structuredClone(body);

    expect(JSON.parse(JSON.stringify(readPatch(body, undefined)))).toEqual(before);
    expect(body).toEqual(before);
  });
});

describe('a pattern in the OpenAPI document', () => {
  const dtos = { PatchCustomerDto, CustomTaxDto, AddressDto };
  const places: [string, keyof typeof dtos, (value: string) => unknown][] = [
    ['name', 'PatchCustomerDto', (name) => ({ name })],
    ['alias', 'PatchCustomerDto', (alias) => ({ alias })],
    ['phone', 'PatchCustomerDto', (phone) => ({ phone })],
    ['vat_number', 'PatchCustomerDto', (vat_number) => ({ vat_number })],
    ['invoicing_entity_id', 'PatchCustomerDto', (invoicing_entity_id) => ({ invoicing_entity_id })],
    ['rate', 'CustomTaxDto', (rate) => ({ custom_taxes: [{ name: 'a', tax_code: 'b', rate }] })],
    ['tax_code', 'CustomTaxDto', (tax_code) => ({ custom_taxes: [{ name: 'a', tax_code, rate: '1' }] })],
    ['city', 'AddressDto', (city) => ({ billing_address: { city } })],
  ];
  const parts = [
    ...[
      'a',
      'Z',
      '1',
      '00',
      '100',
      '.',
      '..',
      '-',
      '+',
      '/',
      '\\',
      ' ',
      '&',
      'Ñ',
      'ñ',
      'é',
      '_',
      '\n',
      '\u00a0',
    ],
    ...['\u00ad', '\u200b', '\u200d', '\u202e', '\u2028', '\u3164', '\ufeff', '\ufe0f', '\u0085', '😀'],
    ...['cus_', 'ive_', 'x', 'ext', 'EXTENSION', ';ext=', '#', ' x 12', '100.0', '0.5'],
  ];
  const texts = fc.array(fc.constantFrom(...parts), { maxLength: 8 }).map((chosen) => chosen.join(''));

  it.each(places)('takes what the service takes, and nothing else: %s', (field, dto, bodyWith) => {
    const schema = schemaOf(dtos[dto], field);
    const pattern = new RegExp(String(schema['pattern']), 'u');
    const { minLength = 0, maxLength = Infinity } = schema;
    fc.assert(
      fc.property(texts, (value) => {
        const { length } = Array.from(value);
        const described = pattern.test(value) && length >= Number(minLength) && length <= Number(maxLength);
        expect([value, accepts(bodyWith(value))]).toEqual([value, described]);
      }),
      { numRuns: 500 },
    );
  });

  function schemaOf(dto: new () => object, field: string): Record<string, unknown> {
    const metadata: unknown = Reflect.getMetadata('swagger/apiModelProperties', new dto(), field);
    return Object.fromEntries(Object.entries(metadata ?? {}));
  }
});
