# bash completion of ringway. Made by packaging/generate/write.ts of the program itself; do not change it here.
# Copy it to /etc/bash_completion.d/, or to ~/.local/share/bash-completion/completions/ringway.
_ringway() {
  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" command="" options words=""
  COMPREPLY=()
  # Readline cuts --name=value into three words.
  if [[ $word == = ]]; then word=""; before="${COMP_WORDS[COMP_CWORD-1]}"
  elif [[ $before == = ]]; then before="${COMP_WORDS[COMP_CWORD-2]}"
  fi
  case $before in
    --verbose | -v) return ;;
    --output | -o) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --conf-file | -c) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --stats-port | -s) return ;;
    --stats-addr | -a) return ;;
    --stats-interval | -i) return ;;
    --pid-file | -p) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --mbuf-size | -m) return ;;
    --codec) COMPREPLY=($(compgen -W 'auto wasm wasm-scalar js' -- "$word")); return ;;
    --http-addr) return ;;
    --http-hosts) return ;;
    --admin-socket) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --log-format) COMPREPLY=($(compgen -W 'text json' -- "$word")); return ;;
    --drain-ms) return ;;
    --shutdown-delay-ms) return ;;
    --memory-mib) return ;;
    --workers) return ;;
    --hup) COMPREPLY=($(compgen -W 'reload reopen' -- "$word")); return ;;
    --max-connections) return ;;
    --otlp-endpoint) return ;;
    --otlp-service-name) return ;;
    --otlp-sample-rate) return ;;
    --pool) return ;;
    --interval) return ;;
    --keys) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --rate) return ;;
    --seconds) return ;;
    --connections) return ;;
    --reads) return ;;
    --size) return ;;
    --prefix) return ;;
    --protocol) COMPREPLY=($(compgen -W 'redis memcached' -- "$word")); return ;;
    --password-file) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --user) return ;;
  esac
  ((COMP_CWORD > 1)) && command="${COMP_WORDS[1]}"
  case $command in
    top) options='--once --json --pool= --interval= --http-addr= --admin-socket= --help' words='' ;;
    explain) options='--conf-file= --pool= --live --json --http-addr= --admin-socket= --help' words='' ;;
    check) options='--keys= --json --help' words='' ;;
    doctor) options='--workers= --quiet --json --http-addr= --admin-socket= --help' words='' ;;
    bench) options='--rate= --seconds= --connections= --reads= --size= --keys= --prefix= --keep --protocol= --password-file= --user= --tls --tls-insecure --json --help' words='' ;;
    ctl) options='--admin-socket= --help' words='status stats unready ready config clients loglevel drain server topology failover reload help restart upgrade' ;;
    *) options='--help --version --test-conf --daemonize --describe-stats --verbose= --output= --conf-file= --stats-port= --stats-addr= --stats-interval= --pid-file= --mbuf-size= --codec= --http-addr= --http-hosts= --admin-socket= --log-format= --drain-ms= --shutdown-delay-ms= --memory-mib= --workers= --watch --hup= --max-connections= --no-latency --stats-own --no-upgrade --otlp-endpoint= --otlp-service-name= --otlp-sample-rate=' ;;
  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
  elif ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W 'top explain check doctor bench ctl' -- "$word"))
  elif [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
  return 0
}
complete -o filenames -F _ringway ringway
