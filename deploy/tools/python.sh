# shellcheck shell=bash
# Python environments, kept in the cache.

# make_venv FOLDER PACKAGE...: a virtual environment with these packages (or pip's other arguments).
make_venv() {
  local folder=$1
  shift
  [[ ! -e $folder/complete ]] || return 0
  rm -rf "$folder"
  python3 -m venv "$folder"
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
  touch "$folder/complete"
}
