// node embed-errors.mjs
import { ConfigError, parseConfig } from 'ringway';

try {
  parseConfig('cache:\n  listen: 127.0.0.1:0\n  timout: 400\n  servers:\n    - 10.0.0.1:6379\n');
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  for (const { line, column, path, message } of error.problems) {
    console.log(`line ${line}, column ${column}: ${path}: ${message}`);
  }
}
