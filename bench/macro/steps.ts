/** One thing that is done, in a second or some more. */
export interface Step {
  readonly name: string;
  /** About how long it takes: only their proportions matter once the first have run. */
  readonly seconds: number;
  /** Resolves to what came out, in a few words. */
  run(): Promise<string>;
}

/** Runs the steps one after the other, and tells how far it is. */
export async function runSteps(
  steps: readonly Step[],
  tell: (text: string) => void,
  nowMs: () => number = () => performance.now(),
): Promise<void> {
  const expected = steps.reduce((sum, { seconds }) => sum + seconds, 0);
  const width = String(steps.length).length;
  const startAt = nowMs();
  let done = 0;
  for (const [i, step] of steps.entries()) {
    const pace = done === 0 ? 1 : (nowMs() - startAt) / 1000 / done;
    const left = timeText((expected - done) * pace);
    tell(`[${String(i + 1).padStart(width)}/${steps.length}, ${left} left] ${step.name}`);
    tell(`: ${await step.run()}\n`);
    done += step.seconds;
  }
}

function timeText(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
