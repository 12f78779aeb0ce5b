/** Assertions are on: the condition `ringway-asserts` chooses this file for `#asserts`. */
export const ASSERTS: boolean = true;
