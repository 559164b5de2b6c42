import { Problem } from '../http/problem.js';
import { readPatch } from './patch-body.js';

const LETTERS = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ');

/** The codes officially assigned by ISO 3166-1 alpha-2. */
const COUNTRIES =
  'AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ ' +
  'CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO ' +
  'FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE ' +
  'JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO ' +
  'MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW ' +
  'PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM ' +
  'TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW';

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

  it('takes exactly the 249 assigned countries', () => {
    const all = LETTERS.flatMap((a) => LETTERS.map((b) => a + b));

    expect(all.filter((country) => accepts({ billing_address: { country } }))).toEqual(COUNTRIES.split(' '));
  });

  it('takes no control character, line break or lone surrogate in any text, and every other character', () => {
    const units = Array.from({ length: 0x1_00_00 }, (_, unit) => String.fromCharCode(unit));
    const isRefused = (text: string): boolean => !accepts({ billing_address: { line1: `a${text}b` } });
    const bad = units.filter((unit) => /[\p{Cc}\p{Cs}\u2028\u2029]/u.test(unit));
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
