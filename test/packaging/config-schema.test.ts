import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { parse } from 'yaml';
import { type KeySpec, POOL_KEYS, parseConfig } from '../../src/config/index.ts';

// The schema for editors against the parser: what the parser takes is right in an editor, and what the
// editor marks is refused. (The parser knows more: what goes together, whether files are there.)

const schema = JSON.parse(readFileSync('packaging/ringway.schema.json', 'utf8'));
const validate = new Ajv({ allowUnionTypes: true }).compile(schema);

const BASE: Readonly<Record<string, string>> = {
  listen: '127.0.0.1:22121',
  redis: 'true',
};

function textOf(keys: Readonly<Record<string, string>>): string {
  const lines = Object.entries({ ...BASE, ...keys }).map(([key, value]) => `  ${key}: ${value}`);
  return `alpha:\n${lines.join('\n')}\n  servers:\n    - 127.0.0.1:1:1 a\n`;
}

/** What is wrong with one key of it, by the parser; rules between keys and files aside. */
function problems(text: string, key: string): string[] {
  try {
    parseConfig(Buffer.from(text), 'test.yml');
    return [];
  } catch (error) {
    const found = (error as { problems: { path: string; message: string }[] }).problems;
    const between =
      /only .* pools have|expected .* as well|cannot be read|is not there|there is no certificate|in vain|only with/;
    return found
      .filter(({ path, message }) => path === `alpha.${key}` && !between.test(message))
      .map(({ message }) => message);
  }
}

function inEditor(text: string): boolean {
  return validate(parse(text));
}

/** Values of a key: good ones, and some that its type refuses. */
function valuesOf({ type, range = [0, 0], choices = [] }: KeySpec): string[][] {
  const [least, most] = range;
  switch (type) {
    case 'number':
      return [
        [String(least), String(most), `"${most}"`],
        [String(most + 1), '-1', '1.5', 'many', 'true'],
      ];
    case 'bool':
      return [
        ['true', 'false', '"true"'],
        ['yes', '1', '"True"'],
      ];
    case 'name':
      return [[...choices], ['nothing', 'true']];
    case 'address':
      return [
        ['0.0.0.0:1', '/tmp/a.sock', '/tmp/a.sock 0660', '"[::1]:7"'],
        ['here', '127.0.0.1', '127.0.0.1:x'],
      ];
    case 'addresses':
      return [['10.0.0.7, 192.168.0.0/16, fd00::/8'], ['everybody']];
    default:
      return [[], []];
  }
}

describe('the schema of configuration files', () => {
  for (const spec of POOL_KEYS) {
    const [good, bad] = valuesOf(spec);
    if (good.length === 0) continue;
    test(`${spec.name}: good values and others, as the parser has them`, () => {
      for (const value of good) {
        const text = textOf({ [spec.name]: value });
        assert.deepEqual(problems(text, spec.name), [], text);
        assert.ok(inEditor(text), `${text}${JSON.stringify(validate.errors)}`);
      }
      for (const value of bad) {
        const text = textOf({ [spec.name]: value });
        assert.ok(problems(text, spec.name).length > 0, text);
        assert.ok(!inEditor(text), text);
      }
    });
  }

  test('keys and pools that are missing, unknown or empty are marked, as the parser refuses them', () => {
    for (const text of [
      textOf({ timout: '400' }),
      textOf({ servers: 'none' }).replace(/ {2}servers:\n.*\n$/, ''),
      textOf({}).replace(/ {2}listen: .*\n/, ''),
      textOf({}).replace(/ {2}servers:\n.*\n/, ''),
      textOf({}).replace('127.0.0.1:1:1 a', '127.0.0.1:1'),
      'alpha: yes\n',
    ]) {
      assert.throws(() => parseConfig(Buffer.from(text), 'test.yml'), text);
      assert.ok(!inEditor(text), text);
    }
  });

  test('whatever the parser takes is right in an editor', () => {
    const values = fc.constantFrom(
      ...['0', '1', '"7"', '65536', 'true', 'false', '"true"', 'murmur', 'modula', '{}', '"{}"'],
      ...['error', 'hits', 'per-key', '1.2', '/tmp/x', '127.0.0.1:9', '"text here"', '10.0.0.0/8'],
      ...['GET', 'MY.GET 1', 'yes', 'owner', 'ask', "'00'", '1e3', '0x10', '~', 'null', '.5'],
    );
    const keys = fc.constantFrom(
      ...POOL_KEYS.filter(({ type }) => type !== 'servers').map(({ name }) => name),
    );
    let taken = 0;
    fc.assert(
      fc.property(fc.dictionary(keys, values, { maxKeys: 3 }), (some) => {
        const text = textOf(some);
        try {
          parseConfig(Buffer.from(text), 'test.yml');
        } catch {
          return;
        }
        taken++;
        assert.ok(inEditor(text), `${text}${JSON.stringify(validate.errors)}`);
      }),
      { numRuns: 600 },
    );
    assert.ok(taken > 20, String(taken));
  });

  test('says what each key is for, and what holds without it', () => {
    const { properties } = schema.additionalProperties;
    for (const { name, default: value } of POOL_KEYS) {
      assert.ok(properties[name].description.length > 10, name);
      assert.equal(properties[name].default ?? null, value, name);
    }
  });
});
