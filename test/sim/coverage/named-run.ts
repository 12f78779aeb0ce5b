/** What a run of `npm run sim` has seen; its command gives it again. */
export interface NamedRun {
  readonly command: string;
  readonly simulatedMinutes: number;
  readonly processorSeconds: number;
  /** Of the cases: none is in two runs, as their pairs are added up. */
  readonly seeds: readonly number[];
  readonly answers: number;
  readonly messages: number;
  readonly faults: number;
  readonly failures: number;
  /** How often each pair was met: fault × state of a client × state of a connection. */
  readonly pairs: Readonly<Record<string, number>>;
}
