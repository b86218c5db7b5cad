/** What a shell needs to know of one command. */
export interface CompletedCommand {
  /** `['backup', 'run']` */
  readonly words: readonly string[];
  readonly summary: string;
  /** The words that its argument can be, where they are few. */
  readonly choices: readonly string[];
  readonly flags: readonly {
    readonly name: string;
    readonly summary: string;
    readonly options: readonly string[];
  }[];
}

/**
 * Under each sequence of words, the words that can follow: `backup` → `list`, `run`…; `completion` → `bash`, `zsh`.
 */
function nextWords(commands: readonly CompletedCommand[]): ReadonlyMap<string, readonly string[]> {
  const next = new Map<string, Set<string>>();
  const add = (before: readonly string[], word: string): void => {
    const key = before.join(' ');
    next.set(key, (next.get(key) ?? new Set()).add(word));
  };
  for (const { words, choices } of commands) {
    for (const [index, word] of words.entries()) add(words.slice(0, index), word);
    for (const choice of choices) add(words, choice);
  }
  return new Map([...next].map(([before, words]) => [before, [...words].toSorted()]));
}

/** A completion script for bash 4 and later, to be sourced. */
export function bashCompletion(bin: string, commands: readonly CompletedCommand[]): string {
  const words = [...nextWords(commands)].map(
    ([before, following]) =>
      `    '${before}') COMPREPLY=($(compgen -W '${following.join(' ')}' -- "$current")); return ;;`,
  );
  const flags = commands.map(
    (command) =>
      `    '${command.words.join(' ')}') flags='${command.flags.map(({ name }) => `--${name}`).join(' ')}' ;;`,
  );
  const values = commands.flatMap(({ words: path, flags: all }) =>
    all
      .filter(({ options }) => options.length > 0)
      .map(
        ({ name, options }) =>
          `    '${path.join(' ')} --${name}') COMPREPLY=($(compgen -W '${options.join(' ')}' -- "$current")); return ;;`,
      ),
  );
  return `# bash completion of ${bin}: source <(${bin} completion bash)
_${bin}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path='' flags='--help --version' word
  # bash takes --flag=value for three words.
  if [[ $current == '=' ]]; then current=''; elif [[ $previous == '=' ]]; then previous=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) break ;; esac
    path="\${path:+$path }$word"
  done
  case "$path $previous" in
${values.join('\n')}
  esac
  if [[ $current != -* ]]; then
    case $path in
${words.join('\n')}
    esac
    return
  fi
  case $path in
${flags.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$flags" -- "$current"))
}
complete -o default -F _${bin} ${bin}
`;
}

/** A completion script for zsh, to be sourced or put into $fpath as `_postern`. */
export function zshCompletion(bin: string, commands: readonly CompletedCommand[]): string {
  const words = [...nextWords(commands)].map(
    ([before, following]) => `    '${before}') compadd -- ${following.join(' ')}; return ;;`,
  );
  const flags = commands.map(({ words: path, flags: all }) => {
    const described = all.map(({ name, summary }) => quoteZsh(`--${name}:${summary}`)).join(' ');
    return `    '${path.join(' ')}') flags=(${described}) ;;`;
  });
  const values = commands.flatMap(({ words: path, flags: all }) =>
    all
      .filter(({ options }) => options.length > 0)
      .map(
        ({ name, options }) =>
          `    '${path.join(' ')} --${name}') compadd -- ${options.join(' ')}; return ;;`,
      ),
  );
  return `#compdef ${bin}
# zsh completion of ${bin}: source <(${bin} completion zsh)
_${bin}() {
  local word command_path='' previous=\${words[CURRENT-1]}
  local -a flags=('--help:show what it does' '--version:print the version')
  for word in "\${(@)words[2,CURRENT-1]}"; do
    [[ $word == -* ]] && break
    command_path="\${command_path:+$command_path }$word"
  done
  case "$command_path $previous" in
${values.join('\n')}
  esac
  if [[ \${words[CURRENT]} != -* ]]; then
    case $command_path in
${words.join('\n')}
    esac
    _files
    return
  fi
  case $command_path in
${flags.join('\n')}
  esac
  _describe 'flag' flags
}
if [[ \${funcstack[1]} == _${bin} ]]; then _${bin} "$@"; else compdef _${bin} ${bin}; fi
`;
}

function quoteZsh(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
