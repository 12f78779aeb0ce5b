/** A variable of the environment that the configuration names; undefined when it is not set. */
export function variable(name: string): string | undefined {
  return process.env[name];
}
