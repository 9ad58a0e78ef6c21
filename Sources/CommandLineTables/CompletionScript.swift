/// The scripts that make a shell ask the program what can stand at the end of a command line.
///
/// They know nothing of the commands: `PROGRAM __complete -- WORD...` answers with a line for each word that can stand
/// there, its meaning behind a tab, and `:files` or `:directories` where the shell is to look for itself. So they hold for
/// whatever program is installed, and what can be tested is in Swift.
public enum CompletionScript {
    /// The hidden command that the scripts run.
    public static let command = "__complete"

    public static func bash(for program: String) -> String {
        #"""
        # bash completion for \#(program). In this shell alone: source <(\#(program) completion bash)
        _\#(program)() {
            local rest=$COMP_LINE last= word words=() count=0 i
            for ((i = 0; i <= COMP_CWORD; i++)); do
                word=${COMP_WORDS[i]}
                # Readline breaks words at = and : too; what has no blank between is one word.
                if ((count > 0)) && [[ $rest != [[:space:]]* && ($word == [=:]* || $last == *[=:]) ]]; then
                    words[count - 1]+=$word
                elif ((i > 0)); then
                    words[count++]=$word
                fi
                rest=${rest#"${rest%%[![:space:]]*}"}
                rest=${rest#"$word"}
                last=$word
            done
            # Readline replaces only what stands behind the last of them.
            local part=$2 current= line kind= candidates=()
            ((count > 0)) && current=${words[count - 1]}
            [[ $part == [=:]* ]] && part=${part##*[=:]}
            local lead=${current%"$part"}
            while IFS= read -r line; do
                case $line in
                    :files) kind=-f ;;
                    :directories) kind=-d ;;
                    *) candidates+=("${line%%$'\t'*}") ;;
                esac
            done < <("$1" \#(command) -- "${words[@]}" 2>/dev/null)
            COMPREPLY=()
            for line in "${candidates[@]}"; do COMPREPLY+=("${line#"$lead"}"); done
            [[ $kind ]] || return 0
            compopt -o filenames 2>/dev/null
            while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen "$kind" -- "$part")
        }
        complete -F _\#(program) \#(program)

        """#
    }

    public static func zsh(for program: String) -> String {
        #"""
        #compdef \#(program)
        # zsh completion for \#(program). In this shell alone: source <(\#(program) completion zsh)
        _\#(program)() {
            local -a lines candidates
            local line kind
            lines=("${(@f)$("${words[1]}" \#(command) -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
            for line in "${lines[@]}"; do
                case $line in
                    ('') ;;
                    (:files) kind=files ;;
                    (:directories) kind=directories ;;
                    (*$'\t'?*) candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
                    (*) candidates+=("${${line%%$'\t'*}//:/\\:}") ;;
                esac
            done
            (( ${#candidates} )) && _describe -V '\#(program)' candidates
            [[ -n $kind ]] || return 0
            [[ $PREFIX == --*=* ]] && compset -P '*='
            if [[ $kind == directories ]]; then _files -/; else _files; fi
        }
        if [ "$funcstack[1]" = "_\#(program)" ]; then _\#(program) "$@"; else compdef _\#(program) \#(program); fi

        """#
    }

    public static func fish(for program: String) -> String {
        #"""
        # fish completion for \#(program). In this shell alone: \#(program) completion fish | source
        function __\#(program)_complete
            set -l words (commandline -opc)
            set -l current (commandline -ct)
            for line in (command $words[1] \#(command) -- $words[2..-1] "$current" 2>/dev/null)
                switch $line
                    case :files :directories
                        set -l lead (string match -r -- '^--[^=]*=' "$current")
                        set -l paths (__fish_complete_path (string replace -r -- '^--[^=]*=' '' "$current"))
                        test $line = :directories; and set paths (string match -r -- '^[^\t]*/(?=\t|$)' $paths)
                        test (count $paths) -gt 0; and printf '%s\n' "$lead"$paths
                    case '*'
                        echo $line
                end
            end
        end
        complete -c \#(program) -f -a '(__\#(program)_complete)'

        """#
    }
}
