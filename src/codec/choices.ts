/** The values of `--codec`; `wasm` has SIMD, `auto` is the best that this machine runs. */
export const CODEC_CHOICES = ['auto', 'wasm', 'wasm-scalar', 'js'] as const;
export type CodecChoice = (typeof CODEC_CHOICES)[number];
