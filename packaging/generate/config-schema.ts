// The JSON Schema of a configuration file, made of the table of keys.

import { type KeySpec, POOL_KEYS } from '../../src/config/index.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Digits are read as text, so quotes change nothing. */
function numberOf({ range = [0, 2147483647] }: KeySpec): Schema {
  const [minimum, maximum] = range;
  return {
    anyOf: [
      { type: 'integer', minimum, maximum },
      { type: 'string', pattern: '^[0-9]+$' },
    ],
  };
}

const BOOL: Schema = { enum: [true, false, 'true', 'false'] };
/** Whatever a plain text may look like to YAML. */
/** `~` and `null` are text to ringway, as to nutcracker, and null to an editor. */
const TEXT: Schema = { type: ['string', 'number', 'boolean', 'null'], minLength: 1 };
const ADDRESS: Schema = { type: 'string', pattern: '^/|:[0-9]+$' };

/** The names of a choice; YAML takes 1.2 for a number and yes, in its old version, for a truth. */
function choiceOf({ choices = [] }: KeySpec): Schema {
  const numbers = choices.filter((choice) => /^[0-9.]+$/.test(choice)).map(Number);
  return { enum: [...choices, ...numbers] };
}

/** A list that may be missing may be empty, too. */
function listOf(pattern: string, required = false): Schema {
  return {
    type: required ? 'array' : ['array', 'null'],
    minItems: 1,
    items: { type: 'string', pattern },
  };
}

function schemaOf(spec: KeySpec): Schema {
  switch (spec.type) {
    case 'number':
      return numberOf(spec);
    case 'bool':
      return BOOL;
    case 'name':
      return choiceOf(spec);
    case 'address':
      return ADDRESS;
    case 'servers':
      return listOf('^srv:_|^/.*:[0-9]+( |$)|:[0-9]+:[0-9]+( |$)', true);
    case 'sentinels':
      return listOf('^srv:_|:[0-9]+$');
    case 'witnesses':
      return listOf(':[0-9]+$');
    case 'replicas':
      return listOf('^srv:_.* |:[0-9]+ ');
    case 'users':
      return listOf('.');
    case 'renames':
      return listOf('^[^ ]+ +[^ ]+$');
    case 'two-bytes':
      return { type: ['string', 'number'] };
    case 'addresses':
      return { type: 'string', pattern: '^[0-9a-fA-F.:/, ]+$' };
    default:
      return TEXT;
  }
}

function propertyOf(spec: KeySpec): Schema {
  const unit = spec.unit === undefined ? '' : ` In ${spec.unit}.`;
  const description = spec.doc.replaceAll(/ ?\(\[[^\]]*\]\([^)]*\)\)/g, '') + unit;
  const byDefault = spec.default === null ? {} : { default: spec.default };
  return { description, ...byDefault, ...schemaOf(spec) };
}

/** @param id where the schema can be had: an address of the project's own */
export function configSchema(id: string): Schema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: id,
    title: 'ringway',
    description: 'Pools by name. ringway -t -c FILE checks what a schema cannot.',
    type: 'object',
    minProperties: 1,
    additionalProperties: {
      type: 'object',
      required: POOL_KEYS.filter(({ required }) => required).map(({ name }) => name),
      additionalProperties: false,
      properties: Object.fromEntries(POOL_KEYS.map((spec) => [spec.name, propertyOf(spec)])),
    },
  };
}
