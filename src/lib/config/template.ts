/** A first configuration: every line is real, and the person fills in what only they know. */
export function configTemplate(profile: string): string {
  return `# postern: the configuration. docs/configuration.md explains every key; \`postern config check\` checks this file.
# Secrets never stand here: \${file:PATH} (mode 0600) and \${env:NAME} say where they are.
version: 1
default_profile: ${profile}
profiles:
  ${profile}:
    platform:
      # The mail platform's own database, by a role that reads everything and writes nothing:
      #   CREATE ROLE postern_reader LOGIN BYPASSRLS; GRANT pg_read_all_data TO postern_reader;
      url: \${file:secrets/platform-url}
      map: postern.map.yaml
    state:
      # postern's own database: best on another server, since it must survive a restore of the platform.
      url: \${file:secrets/state-url}
      owner_url: \${env:POSTERN_STATE_OWNER_URL}
    stores:
      offsite:
        adapter: s3
        bucket: example-offsite-backups
        region: eu-central-1
    backup:
      destinations:
        offsite:
          store: offsite
          # Nobody can delete or change a set for so long; the bucket must have been made with Object Lock.
          lock: {mode: governance, for: 35d}
      # \`postern backup keys init --directory keys\` makes these.
      recipients: [keys/backup-operations.pub.asc, keys/backup-offline.pub.asc]
      signer:
        secret_key: keys/backup-signer.sec.asc
      trusted_signers: [keys/backup-signer.pub.asc]
    certificates:
      # \`postern certificate keys init --directory keys\` makes these.
      signer: {key: keys/certificate-signing.pem}
      trust: [keys/certificate-signing.pub.pem]
    # Holds, objections and erasures know persons by hashes under this key; \`openssl rand -hex 32\` makes one. Keep a copy.
    # subjects:
    #   hmac_keys: ["\${file:secrets/names}"]
    approvals:
      default: 1
      backup.restore: 0
      # 1 as soon as two operators are enrolled: until then nobody could approve the second.
      operator.enroll: 0
`;
}
