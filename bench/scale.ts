// Where values lie on an axis, and which of them are written beside it.

export interface Scale {
  readonly ticks: readonly number[];
  /** The place of a value, in pixels. */
  place(value: number): number;
}

/** From 0 to the first round number that is not below `highest`. */
export function linearScale(highest: number, from: number, to: number, steps = 5): Scale {
  const step = roundStep(highest / steps);
  const count = Math.max(1, Math.ceil(highest / step - 1e-9));
  return {
    // Multiplied, not added up, and cut: 3 * 0.1 is not 0.3.
    ticks: Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12))),
    place: (value) => from + ((to - from) * value) / (count * step),
  };
}

/** Logarithmic between the lowest and the highest of `values`, which are its ticks where they fit. */
export function logScale(values: readonly number[], from: number, to: number, gap: number): Scale {
  const sorted = [...new Set(values)].sort((a, b) => a - b);
  if (!(sorted[0] > 0)) throw new RangeError('a logarithmic axis needs values above 0');
  const low = Math.log(sorted[0]);
  const span = Math.log(sorted[sorted.length - 1]) - low || 1;
  const place = (value: number): number => from + ((to - from) * (Math.log(value) - low)) / span;
  const ticks: number[] = [];
  for (const value of sorted) {
    const last = ticks.at(-1);
    if (last === undefined || Math.abs(place(value) - place(last)) >= gap) ticks.push(value);
  }
  return { ticks, place };
}

/** 1, 2 or 5 times a power of ten, not below `step`. */
function roundStep(step: number): number {
  if (!(step > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(step));
  const factor = [1, 2, 5, 10].find((it) => it * power >= step * (1 - 1e-9)) ?? 10;
  return factor * power;
}
