// Completions of bash, zsh and fish, made of the command table.

import type { CommandWords, OptionWord } from './command-table.ts';

const MADE = 'Made by packaging/generate/write.ts of the program itself; do not change it here.';

/** `--name=` for an option with a value. */
function words({ options }: CommandWords): string[] {
  return options.map(({ long, value }) => `--${long}${value === null ? '' : '='}`);
}

/** For bash, without the bash-completion package. */
export function bashCompletion(table: readonly CommandWords[]): string {
  const [program, ...commands] = table;
  const names = commands.map(({ name }) => name).join(' ');
  const cases = commands.map(
    (command) =>
      `    ${command.name}) options='${words(command).join(' ')}' words='${command.words.join(' ')}' ;;`,
  );
  const values = unique(table.flatMap(({ options }) => options)).flatMap(
    ({ long, short, value }) => {
      if (value === null) return [];
      const pattern = short === null ? `--${long}` : `--${long} | -${short}`;
      if (value === 'file')
        return [`    ${pattern}) COMPREPLY=($(compgen -f -- "$word")); return ;;`];
      if (value === 'text') return [`    ${pattern}) return ;;`];
      return [
        `    ${pattern}) COMPREPLY=($(compgen -W '${value.join(' ')}' -- "$word")); return ;;`,
      ];
    },
  );
  return `# bash completion of ringway. ${MADE}
# Copy it to /etc/bash_completion.d/, or to ~/.local/share/bash-completion/completions/ringway.
_ringway() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="" options words=""
  COMPREPLY=()
  # Readline cuts --name=value into three words.
  if [[ $word == = ]]; then word=""; before="\${COMP_WORDS[COMP_CWORD-1]}"
  elif [[ $before == = ]]; then before="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  case $before in
${values.join('\n')}
  esac
  ((COMP_CWORD > 1)) && command="\${COMP_WORDS[1]}"
  case $command in
${cases.join('\n')}
    *) options='${words(program).join(' ')}' ;;
  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
    [[ \${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
  elif ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${names}' -- "$word"))
  elif [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
  return 0
}
complete -o filenames -F _ringway ringway
`;
}

function unique(options: readonly OptionWord[]): OptionWord[] {
  const seen = new Map<string, OptionWord>();
  for (const option of options) if (!seen.has(option.long)) seen.set(option.long, option);
  return [...seen.values()];
}

/** For zsh: a file `_ringway` in a folder of `$fpath`. */
export function zshCompletion(table: readonly CommandWords[]): string {
  const [program, ...commands] = table;
  const spec = ({ long, short, value, text }: OptionWord): string => {
    const names = short === null ? `--${long}` : `(-${short} --${long})'{-${short},--${long}}'`;
    const what = `[${zshText(text)}]`;
    if (value === null) return `'${names}${what}'`;
    const how = value === 'file' ? '_files' : value === 'text' ? ' ' : `(${value.join(' ')})`;
    return `'${short === null ? `${names}=` : names}${what}:value:${how}'`;
  };
  const specs = (command: CommandWords, indent: string): string =>
    command.options.map((option) => `${indent}${spec(option)} \\\n`).join('');
  const cases = commands.map(
    (command) => `    ${command.name})
      _arguments \\
${specs(command, '        ')}        '*:${wordsFor(command)}'
      ;;`,
  );
  return `#compdef ringway
# zsh completion of ringway. ${MADE}
_ringway() {
  local -a commands
  commands=(
${commands.map(({ name, text }) => `    '${name}:${zshText(text)}'`).join('\n')}
  )
  if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then
    _describe command commands
    return
  fi
  case $words[2] in
${cases.join('\n')}
    *)
      _arguments \\
${specs(program, '        ')}        '*:word: '
      ;;
  esac
}
_ringway "$@"
`;
}

function wordsFor({ files, words: fixed }: CommandWords): string {
  if (fixed.length > 0) return `command:(${fixed.join(' ')})`;
  return files ? 'file:_files' : 'word: ';
}

function zshText(text: string): string {
  return text.replaceAll("'", '’').replaceAll(/[[\]:]/g, ' ');
}

/** For fish: a file in \`completions/\` of its configuration. */
export function fishCompletion(table: readonly CommandWords[]): string {
  const [program, ...commands] = table;
  const names = commands.map(({ name }) => name).join(' ');
  const none = `not __fish_seen_subcommand_from ${names}`;
  const line = (condition: string, { long, short, value, text }: OptionWord): string => {
    const how = value === null ? '' : value === 'file' ? ' -r -F' : value === 'text' ? ' -x' : '';
    const choices = Array.isArray(value) ? ` -x -a '${value.join(' ')}'` : '';
    const letter = short === null ? '' : ` -s '${short}'`;
    return `complete -c ringway -n '${condition}' -l ${long}${letter}${how}${choices} -d '${fishText(text)}'`;
  };
  return [
    `# fish completion of ringway. ${MADE}`,
    '# Copy it to ~/.config/fish/completions/ringway.fish.',
    `complete -c ringway -n '${none}' -f`,
    ...commands.map(
      ({ name, text }) => `complete -c ringway -n '${none}' -a ${name} -d '${fishText(text)}'`,
    ),
    ...program.options.map((option) => line(none, option)),
    ...commands.flatMap(({ name, options, words: fixed }) => {
      const here = `__fish_seen_subcommand_from ${name}`;
      const own = `complete -c ringway -n '${here}' -f -a '${fixed.join(' ')}'`;
      return [...(fixed.length > 0 ? [own] : []), ...options.map((option) => line(here, option))];
    }),
    '',
  ].join('\n');
}

function fishText(text: string): string {
  return text.replaceAll("'", '’');
}
