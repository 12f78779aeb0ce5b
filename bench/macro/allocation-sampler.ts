// Loaded into a process before its own program (--import): samples what it allocates between two
// messages of its parent, and answers the second one with where that was.

import { type HeapProfiler, Session } from 'node:inspector';

/** Bytes between two samples on average. Half a million small objects give hundreds of samples. */
const INTERVAL_BYTES = 1024;

export type SamplerRequest = 'start' | 'stop';

/** Answers: null to a start, the call tree to a stop. */
export interface SamplerAnswer {
  readonly head: HeapProfiler.SamplingHeapProfileNode | null;
}

const session = new Session();

process.on('message', (message: SamplerRequest) => {
  if (message === 'start') start();
  else stop();
});
// Whoever listens for messages would be kept alive by it.
process.channel?.unref();

function start(): void {
  session.connect();
  // Short-lived objects are what a request leaves behind: by default the profile forgets them.
  const options = {
    samplingInterval: INTERVAL_BYTES,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  };
  session.post('HeapProfiler.startSampling', options, (error) => {
    if (error !== null) throw error;
    answer({ head: null });
  });
}

function stop(): void {
  session.post('HeapProfiler.stopSampling', (error, result) => {
    if (error !== null) throw error;
    answer({ head: result.profile.head });
    session.disconnect();
  });
}

function answer(message: SamplerAnswer): void {
  process.send?.(message);
}
