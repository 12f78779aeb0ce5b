import { ConfigError, type ConfigProblem } from '../../errors.ts';
import type { Position } from '../types.ts';

/** Collects every mistake of one file, so that an operator sees all of them at once. */
export class Problems {
  readonly file: string;
  readonly #list: ConfigProblem[] = [];

  constructor(file: string) {
    this.file = file;
  }

  get empty(): boolean {
    return this.#list.length === 0;
  }

  add(at: Position, path: string, message: string): void {
    const { line, column } = at;
    this.#list.push({ file: this.file, line, column, path, message });
  }

  /** Throws a ConfigError with everything collected, in the order of the file. */
  throwIfAny(): void {
    if (this.empty) return;
    const sorted = this.#list.toSorted((a, b) => a.line - b.line || a.column - b.column);
    throw new ConfigError(Object.freeze(sorted.map((problem) => Object.freeze(problem))));
  }
}
