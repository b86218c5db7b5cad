#!/bin/sh
# Restores this backup set into a new database with gpg, zstd, psql and sha256sum alone.
# README.txt tells what is needed; nothing of postern is.
#
#   ./restore.sh NEW_DATABASE [DATABASE_OF_THE_SET]
#
# Where the server is and who logs in: PGHOST, PGPORT, PGUSER, PGPASSWORD or ~/.pgpass, as for psql.
# The login must be able to create databases, and to give objects to their owners: a superuser.
# SIGNER=FINGERPRINT   insist on this signing key
# KEYRING=FOLDER       take the wrapped keys of persons from this folder of keyrings, the set's own or a younger one's
# SESSION_KEYS=FILE    open the files by this list of session keys, instead of a secret key in your keyring
# KEYRING_SESSION_KEYS=FILE   the same for KEYRING, where that is of another set
# OBJECTS=FOLDER       unpack the mail objects that are in this set into this folder, with tar; without NEW_DATABASE
#                      nothing else is done
# TMPDIR               needs room for the largest part, decrypted: some hundred megabytes
set -eu
LC_ALL=C
export LC_ALL
umask 077

fail() {
  printf 'restore.sh: error: %s\n' "$1" >&2
  exit "${2:-1}"
}

usage='usage: ./restore.sh NEW_DATABASE [DATABASE_OF_THE_SET]'
[ $# -eq 1 ] || [ $# -eq 2 ] || { [ $# -eq 0 ] && [ -n "${OBJECTS:-}" ]; } || fail "$usage" 2
database=${1:-}
source=${2:-}
case $database in
'') [ $# -eq 0 ] || fail "$usage" 2 ;;
*=* | *://*) fail 'the new database is a name, not a connection string: set PGHOST and the like' 2 ;;
esac
load() {
  psql -X -q -v ON_ERROR_STOP=1 "$@" -d "$database" -f "$work/part.sql" >/dev/null ||
    fail "$name does not load; the database $database is incomplete: drop it before you try again" 7
}
keyring=
[ -z "${KEYRING:-}" ] || keyring=$(CDPATH='' cd -- "$KEYRING" && pwd) || fail "there is no folder $KEYRING" 2
objects=
if [ -n "${OBJECTS:-}" ]; then
  mkdir -p -- "$OBJECTS" || exit 2
  objects=$(CDPATH='' cd -- "$OBJECTS" && pwd) || fail "there is no folder $OBJECTS" 2
fi
absolute() {
  [ -f "$1" ] || fail "there is no file $1" 2
  printf '%s/%s' "$(CDPATH='' cd -- "$(dirname -- "$1")" && pwd)" "$(basename -- "$1")"
}
keys=
[ -z "${SESSION_KEYS:-}" ] || keys=$(absolute "$SESSION_KEYS") || exit
keyring_keys=$keys
[ -z "${KEYRING_SESSION_KEYS:-}" ] || keyring_keys=$(absolute "$KEYRING_SESSION_KEYS") || exit
CDPATH='' cd -- "$(dirname -- "$0")"
for tool in gpg zstd sha256sum ${database:+psql} ${objects:+tar} ${keys:+jq} ${keyring_keys:+jq}; do
  command -v "$tool" >/dev/null 2>&1 || fail "$tool is not installed" 2
done

# Who signed the file $1? The key must already be in your keyring: the copy in this folder proves nothing by itself.
verify() {
  status=$(gpg --batch --status-fd 1 --verify "$1.asc" "$1" 2>/dev/null) || {
    case $status in
    *NO_PUBKEY*) fail 'the signing key is not in your keyring: compare the fingerprint of signer.asc with your records (gpg --show-keys signer.asc), then gpg --import signer.asc' 5 ;;
    *) fail "the signature of $1 does not verify: do not use this set" 5 ;;
    esac
  }
  signer=$(printf '%s\n' "$status" | sed -n 's/^\[GNUPG:\] VALIDSIG .* \([0-9A-F]*\)$/\1/p')
  [ -n "$signer" ] || fail "the signature of $1 does not verify: do not use this set" 5
  # gpg is content with a good signature by a revoked key, and does not tell a retired key from a stolen one.
  case $status in
  *'[GNUPG:] REVKEYSIG '*) fail "the signing key $signer was revoked: if it was only retired, verify in a keyring that holds the key as it was before" 5 ;;
  esac
  [ -z "${SIGNER:-}" ] || [ "$SIGNER" = "$signer" ] || fail "$1 is signed by $signer, not by $SIGNER" 5
}

# 1. Who made this set?
verify SHA256SUMS
printf 'signed by %s\n' "$signer" >&2

# 2. Is every byte as it was? gpg writes what it decrypts before it has checked it, so this comes first.
sha256sum --check --strict --quiet SHA256SUMS >&2 || fail 'a file is damaged or missing: do not use this copy of the set' 5
printf 'all files are as they were signed\n' >&2

# A list of session keys says whose it is.
if [ -n "$keys" ]; then
  sum=$(jq -r .manifestSha256 "$keys") || fail "$keys is no list of session keys" 2
  grep -q "^$sum  manifest[.]json[.]pgp\$" SHA256SUMS || fail "$keys is the list of another set" 5
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

# By the list of session keys $3 where there is one, under the name $2. The key is never an argument, which every user
# of the host could see, and gpg must not log it.
decrypt() {
  if [ -z "$3" ]; then
    gpg --batch --yes --quiet --output "$work/part.zst" --decrypt "$1" || fail "$1 does not open: is the secret key in your keyring?"
    return
  fi
  key=$(jq -r --arg name "$2" '.keys[$name] // ""' "$3") || fail "$3 is no list of session keys" 2
  [ -n "$key" ] || fail "$3 has no session key for $2"
  printf '%s\n' "$key" |
    gpg --batch --yes --quiet --logger-file /dev/null --override-session-key-fd 0 --output "$work/part.zst" --decrypt "$1" ||
    fail "$1 does not open: is this its session key?" 5
}

open_part() {
  decrypt "$@"
  zstd -d -q -f -o "$work/part.sql" "$work/part.zst" || fail "$1 does not unpack" 5
}

# Mail objects: one archive in parts. A part is whole and as it was signed before tar sees a byte of it.
if [ -n "$objects" ]; then
  if grep -q '  objects/000001[.]tar[.]zst[.]pgp$' SHA256SUMS; then
    {
      while read -r _ name <&3; do
        case $name in
        objects/*.tar.zst.pgp) ;;
        *) continue ;;
        esac
        open_part "$name" "$name" "$keys"
        # tar may close the pipe once it has seen the archive's end.
        cat "$work/part.sql" 2>/dev/null || :
        printf '%s\n' "$name" >&2
      done 3<SHA256SUMS
      : >"$work/unpacked"
    } | tar -x -o -f - -C "$objects" || fail "the mail objects cannot be unpacked into $objects"
    [ -e "$work/unpacked" ] || fail "the mail objects in $objects are not whole" 7
    printf 'the mail objects of this set are in %s\n' "$objects" >&2
  else
    printf 'this set has no mail objects of its own; README.txt tells which sets have them\n' >&2
  fi
  [ -n "$database" ] || exit 0
fi

[ -n "$source" ] || source=$(sed -n 's|^[0-9a-f]*  \([^/]*\)/00-create-database\.sql\.zst\.pgp$|\1|p' SHA256SUMS | sed -n '/^platform$/p;$p' | head -n 1)
grep -q "  $source/00-create-database[.]sql[.]zst[.]pgp\$" SHA256SUMS || fail "the set holds no database $source" 2

# 3. A new database only.
exists=$(printf "select count(*) from pg_catalog.pg_database where datname = :'database';\n" |
  psql -X -q -A -t -v ON_ERROR_STOP=1 -v database="$database" -d postgres) || fail 'the server cannot be reached'
[ "$exists" = 0 ] || fail "the database $database exists already: give the name of a new one" 6

# Event triggers come with the schema; from PostgreSQL 17 on they can fire at a login, and can be switched off.
version=$(psql -X -q -A -t -d postgres -c 'show server_version_num') || fail 'the server cannot be reached'
[ "$version" -lt 170000 ] || PGOPTIONS="${PGOPTIONS:-} -c event_triggers=off"
export PGOPTIONS="${PGOPTIONS:-}"

# Persons' wrapped keys, which lie beside the set: after the rows, before the keys and triggers of their tables.
load_keyring() {
  [ -n "$keyring" ] || return 0
  listed=
  [ -z "$keyring_keys" ] || listed=$(jq -r '"keyrings/" + .setId' "$keyring_keys") || fail "$keyring_keys is no list of session keys" 2
  for name in "$keyring/$source"-*.sql.zst.pgp; do
    [ -e "$name" ] || continue
    verify "$name"
    open_part "$name" "$listed/$(basename -- "$name")" "$keyring_keys"
    load --single-transaction
    printf '%s\n' "$name" >&2
  done
}

# 4. The names sort in the order of the restore, and only what is signed is used.
while read -r _ name <&3; do
  case $name in
  "$source"/*.sql.zst.pgp) ;;
  *) continue ;;
  esac
  case $name in
  */50-*)
    next=$name
    load_keyring
    name=$next
    ;;
  esac
  open_part "$name" "$name" "$keys"
  case ${name#"$source"/} in
  00-*) psql -X -q -v ON_ERROR_STOP=1 -v database="$database" -d postgres -f "$work/part.sql" >/dev/null || fail "the database $database cannot be created" ;;
  [345]0-*) load --single-transaction ;;
  # In one transaction, a large schema would need more locks than a server has by default.
  *) load ;;
  esac
  printf '%s\n' "$name" >&2
done 3<SHA256SUMS

# Only what is stored here: a plain ANALYZE would also ask foreign servers.
psql -X -q -d "$database" >/dev/null <<'SQL' || printf 'restore.sh: warning: run ANALYZE yourself\n' >&2
select pg_catalog.format('analyze %I.%I', n.nspname, c.relname)
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
\gexec
SQL
printf 'restored into %s; every table has the number of rows that the backup counted\n' "$database" >&2
