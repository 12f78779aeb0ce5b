import type { AttachedFiles } from '../attached-files.ts';
import type { Problems } from './problems.ts';

/** What depends on where a configuration comes from. */
export interface Rules {
  /** `listen` may have port 0, and the system chooses one: nothing that a file can mean. */
  readonly anyPort: boolean;
}

/** What a configuration is read with. */
export interface ReadFrom {
  readonly files: AttachedFiles;
  readonly problems: Problems;
  readonly rules: Rules;
}

/** Those of a file, which are nutcracker's. */
export const FILE_RULES: Rules = { anyPort: false };
