import {
  AttachedFiles,
  type ConfigText,
  type Members,
  parseConfig,
  withMembers,
} from '../../config/index.ts';

/** A configuration file: every worker makes the same of it. */
export interface TextMessage {
  readonly file: string;
  /** Base64. */
  readonly text: string;
  /** The files that it names: paths, and contents in base64. */
  readonly attached: readonly (readonly [path: string, bytes: string])[];
  /** What SRV records list, where that are servers. */
  readonly members?: Members;
}

/** What it says. */
export function configOf({ file, text, attached, members = {} }: TextMessage): ConfigText {
  const bytes = Buffer.from(text, 'base64');
  const contents = new Map(attached.map(([path, base64]) => [path, Buffer.from(base64, 'base64')]));
  const config = parseConfig(bytes, file, new AttachedFiles(file, contents));
  return { text: bytes, config: withMembers(config, members), attached: contents, members };
}

/** A configuration, as it goes to a worker. */
export function messageOf({ config, text, attached, members = {} }: ConfigText): TextMessage {
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  return {
    file: config.file,
    text: base64(text),
    attached: [...attached].map(([path, bytes]) => [path, base64(bytes)]),
    members,
  };
}
