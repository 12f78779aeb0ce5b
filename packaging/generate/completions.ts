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
    const [letter, word] = value === null ? [short, long] : [`${short}+`, `${long}=`];
    const names = short === null ? `--${word}` : `(-${short} --${long})'{-${letter},--${word}}'`;
    const what = `[${zshText(text)}]`;
    if (value === null) return `'${names}${what}'`;
    const how = value === 'file' ? '_files' : value === 'text' ? ' ' : `(${value.join(' ')})`;
    return `'${names}${what}:value:${how}'`;
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
${specs(program, '        ')}        '*:word:()'
      ;;
  esac
}
_ringway "$@"
`;
}

function wordsFor({ files, words: fixed }: CommandWords): string {
  if (fixed.length > 0) return `command:(${fixed.join(' ')})`;
  // No match at all: a message, as for values, would keep options from being inserted.
  return files ? 'file:_files' : 'word:()';
}

function zshText(text: string): string {
  return text.replaceAll("'", '’').replaceAll(/[[\]:]/g, ' ');
}

/** For fish: a file in \`completions/\` of its configuration. */
export function fishCompletion(table: readonly CommandWords[]): string {
  const [program, ...commands] = table;
  const begin = '__fish_ringway_words 1';
  const line = (condition: string, { long, short, value, text }: OptionWord): string => {
    const how = value === null ? '' : value === 'file' ? ' -r -F' : value === 'text' ? ' -x' : '';
    const choices = Array.isArray(value) ? ` -x -a '${value.join(' ')}'` : '';
    const letter = short === null ? '' : ` -s '${short}'`;
    return `${complete(condition)} -l ${long}${letter}${how}${choices} -d '${fishText(text)}'`;
  };
  return [
    `# fish completion of ringway. ${MADE}`,
    '# Copy it to ~/.config/fish/completions/ringway.fish.',
    ...FISH_FUNCTIONS(commands.map(({ name }) => name).join(' ')),
    `${complete(NO_COMMAND)} -f`,
    ...commands.map(({ name, text }) => `${complete(begin)} -a ${name} -d '${fishText(text)}'`),
    ...program.options.map((option) => line(NO_COMMAND, option)),
    ...commands.flatMap(({ name, options, files, words: fixed }) => {
      const here = `__fish_ringway_command ${name}`;
      const own = fixed.length > 0 ? ` -a '${fixed.join(' ')}'` : '';
      return [
        ...(files ? [] : [`${complete(here)} -f${own}`]),
        ...options.map((option) => line(here, option)),
      ];
    }),
    '',
  ].join('\n');
}

const NO_COMMAND = '__fish_ringway_no_command';

function complete(condition: string): string {
  return `complete -c ringway -n '${condition}'`;
}

/** A command is the first word behind the program's name, and nothing else. */
const FISH_FUNCTIONS = (names: string): string[] => [
  'function __fish_ringway_words',
  '    test (count (commandline -opc)) -eq $argv[1]',
  'end',
  'function __fish_ringway_command',
  '    set -l words (commandline -opc)',
  '    test (count $words) -gt 1; and test "$words[2]" = $argv[1]',
  'end',
  'function __fish_ringway_no_command',
  '    set -l words (commandline -opc)',
  `    test (count $words) -eq 1; or not contains -- "$words[2]" ${names}`,
  'end',
];

function fishText(text: string): string {
  return text.replaceAll("'", '’');
}
