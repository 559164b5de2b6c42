import type { JSX, TargetedInputEvent } from 'preact';
import { ADDRESS_PARTS, type Field, FIELDS } from '../fields.js';
import type { FormValues } from './form-values.js';

interface Props {
  readonly values: FormValues;
  /** By input. */
  readonly faults: ReadonlyMap<string, string>;
  readonly onChange: (input: string, text: string) => void;
}

const PART_LABELS: Record<(typeof ADDRESS_PARTS)[number], string> = {
  line1: 'Line 1',
  line2: 'Line 2',
  zip_code: 'Postal code',
  city: 'City',
  state: 'State',
  country: 'Country (two letters)',
};

/** The inputs of all fields, each with its fault below it. */
export function Inputs(props: Props): JSX.Element {
  return (
    <>
      {FIELDS.map((field) => (
        <FieldInputs key={field.name} field={field} {...props} />
      ))}
    </>
  );
}

function FieldInputs({ field, ...props }: Props & { field: Field }): JSX.Element {
  const { name, label, kind, hint } = field;
  switch (kind) {
    case 'text':
      return <Input {...props} name={name} label={label} hint={hint} />;
    case 'lines':
    case 'taxes':
      return <Input {...props} name={name} label={label} hint={hint} lines />;
    case 'yes-no':
      return <Choice {...props} name={name} label={label} hint={hint} />;
    case 'address':
      return (
        <fieldset>
          <legend>{label}</legend>
          <Address {...props} prefix={name} />
        </fieldset>
      );
    case 'shipping':
      return (
        <fieldset>
          <legend>{label}</legend>
          <Choice {...props} name={`${name}/same_as_billing`} label="Same as the billing address" />
          <Address {...props} prefix={`${name}/address`} />
        </fieldset>
      );
  }
}

function Address({ prefix, ...props }: Props & { prefix: string }): JSX.Element {
  return (
    <>
      {ADDRESS_PARTS.map((part) => (
        <Input key={part} {...props} name={`${prefix}/${part}`} label={PART_LABELS[part]} />
      ))}
    </>
  );
}

interface InputProps extends Props {
  readonly name: string;
  readonly label: string;
  readonly hint?: string | undefined;
}

function Input({ lines, ...props }: InputProps & { lines?: boolean }): JSX.Element {
  const { name, label, values, onChange } = props;
  const shared = { id: name, name, value: values[name] ?? '', ...describedBy(props) };
  const text = (event: TargetedInputEvent<HTMLInputElement | HTMLTextAreaElement>): void =>
    onChange(name, event.currentTarget.value);
  return (
    <div class="input">
      <label for={name}>{label}</label>
      {lines === true ? (
        <textarea rows={3} {...shared} onInput={text} />
      ) : (
        <input {...shared} onInput={text} />
      )}
      <Notes {...props} />
    </div>
  );
}

function Choice(props: InputProps): JSX.Element {
  const { name, label, values, onChange } = props;
  return (
    <div class="input">
      <label for={name}>{label}</label>
      <select
        id={name}
        name={name}
        value={values[name] ?? ''}
        onChange={(event) => onChange(name, event.currentTarget.value)}
        {...describedBy(props)}
      >
        <option value="">leave as it is</option>
        <option value="yes">yes</option>
        <option value="no">no</option>
      </select>
      <Notes {...props} />
    </div>
  );
}

/** A screen reader reads the fault with its input. */
function describedBy({ name, faults }: InputProps): Record<string, string> {
  return faults.has(name) ? { 'aria-invalid': 'true', 'aria-describedby': `${name}-fault` } : {};
}

function Notes({ name, hint, faults }: InputProps): JSX.Element {
  const fault = faults.get(name);
  return (
    <>
      {hint !== undefined && <small class="quiet">{hint}</small>}
      {fault !== undefined && (
        <small class="fault" id={`${name}-fault`}>
          {fault}
        </small>
      )}
    </>
  );
}
