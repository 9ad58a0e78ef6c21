/// The tables, and the steps that bring an older store to them.
///
/// `user_version` in the file counts the steps it has had. A step is never changed once it was released: a new one is
/// added at the end.
enum Schema {
    static let steps: [String] = [images + storage + containers + networks + events, restarts, volumes, health, volumeMounts, retiredAddresses, builds, stepContainers]

    static var version: Int64 { Int64(steps.count) }

    // Digests are text, `sha256:…`: they are read by people with the sqlite3 shell, and prefixes of them by users.
    private static let images = """
        CREATE TABLE images(
          id TEXT PRIMARY KEY, manifest TEXT NOT NULL, manifestMediaType TEXT NOT NULL, manifestSize INTEGER NOT NULL,
          platform TEXT NOT NULL, created INTEGER, size INTEGER NOT NULL, registered INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE image_layers(
          image TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE, position INTEGER NOT NULL, diffID TEXT NOT NULL,
          PRIMARY KEY(image, position)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX image_layers_diffID ON image_layers(diffID);
        CREATE TABLE image_blobs(
          image TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE, digest TEXT NOT NULL,
          PRIMARY KEY(image, digest)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX image_blobs_digest ON image_blobs(digest);
        CREATE TABLE image_references(
          name TEXT PRIMARY KEY, image TEXT NOT NULL REFERENCES images(id), target TEXT NOT NULL,
          targetMediaType TEXT NOT NULL, targetSize INTEGER NOT NULL, updated INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX image_references_image ON image_references(image);
        CREATE TABLE repo_digests(
          repository TEXT NOT NULL, digest TEXT NOT NULL,
          image TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE, PRIMARY KEY(repository, digest, image)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX repo_digests_image ON repo_digests(image);

        """

    // unsyncedBoot: the boot in which it was written while it isn't known to be on the disk; NULL once it is.
    // implicitDirectories: the paths, each ended by a NUL, of directories that the layer has no entries for.
    private static let storage = """
        CREATE TABLE blobs(digest TEXT PRIMARY KEY, size INTEGER NOT NULL, unsyncedBoot TEXT) STRICT, WITHOUT ROWID;
        CREATE INDEX blobs_unsynced ON blobs(unsyncedBoot) WHERE unsyncedBoot IS NOT NULL;
        CREATE TABLE layers(
          diffID TEXT PRIMARY KEY, size INTEGER NOT NULL, unsyncedBoot TEXT, implicitDirectories BLOB
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX layers_unsynced ON layers(unsyncedBoot) WHERE unsyncedBoot IS NOT NULL;
        CREATE TABLE leases(id TEXT PRIMARY KEY, created INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE lease_resources(
          lease TEXT NOT NULL REFERENCES leases(id) ON DELETE CASCADE, kind TEXT NOT NULL, digest TEXT NOT NULL,
          PRIMARY KEY(lease, kind, digest)
        ) STRICT, WITHOUT ROWID;

        """

    // What `ps` shows is apart from the spec: 1,000 rows are read in 2 ms, with the specs in them in 8. The slot is the
    // row's key, and there is no index that nobody waits for: each is one more page to write for each container.
    private static let containers = """
        CREATE TABLE containers(
          slot INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE, idSlot INTEGER UNIQUE,
          image TEXT NOT NULL REFERENCES images(id), imageName TEXT NOT NULL, created INTEGER NOT NULL,
          command TEXT NOT NULL, status TEXT NOT NULL, pid INTEGER NOT NULL DEFAULT 0,
          exitCode INTEGER NOT NULL DEFAULT 0, started INTEGER, finished INTEGER,
          oomKilled INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '', autoRemove INTEGER NOT NULL,
          networkMode TEXT NOT NULL, labels TEXT NOT NULL, ports TEXT NOT NULL
        ) STRICT;
        CREATE TABLE container_specs(
          slot INTEGER PRIMARY KEY REFERENCES containers(slot) ON DELETE CASCADE, spec BLOB NOT NULL
        ) STRICT;

        """

    private static let networks = """
        CREATE TABLE networks(
          id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, driver TEXT NOT NULL, bridge TEXT, subnet4 TEXT, gateway4 TEXT,
          subnet6 TEXT, gateway6 TEXT, options TEXT NOT NULL, created INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE endpoints(
          container TEXT NOT NULL REFERENCES containers(id) ON DELETE CASCADE,
          network TEXT NOT NULL REFERENCES networks(id), ipv4 INTEGER, ipv6 TEXT, mac TEXT,
          PRIMARY KEY(container, network), UNIQUE(network, ipv4), UNIQUE(network, ipv6)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE published_ports(
          container TEXT NOT NULL REFERENCES containers(id) ON DELETE CASCADE, family INTEGER NOT NULL,
          hostAddress TEXT NOT NULL, hostPort INTEGER NOT NULL, protocol TEXT NOT NULL, containerPort INTEGER NOT NULL,
          UNIQUE(hostPort, protocol, family, hostAddress)
        ) STRICT;
        CREATE INDEX published_ports_container ON published_ports(container);

        """

    private static let events = """
        CREATE TABLE events(
          number INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, type TEXT NOT NULL, action TEXT NOT NULL,
          actor TEXT NOT NULL, attributes TEXT NOT NULL
        ) STRICT;
        CREATE TABLE settings(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

        """

    // stopped: somebody ended it, so that its restart policy says nothing until somebody starts it.
    private static let restarts = """
        ALTER TABLE containers ADD COLUMN restarts INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE containers ADD COLUMN stopped INTEGER NOT NULL DEFAULT 0;

        """

    // A volume's row is written when its directory is there, and deleted before that goes: what has a row is whole.
    private static let volumes = """
        CREATE TABLE volumes(
          name TEXT PRIMARY KEY, driver TEXT NOT NULL, options TEXT NOT NULL, labels TEXT NOT NULL, created INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE volume_uses(
          container TEXT NOT NULL REFERENCES containers(id) ON DELETE CASCADE, volume TEXT NOT NULL REFERENCES volumes(name),
          isAnonymous INTEGER NOT NULL, PRIMARY KEY(container, volume)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX volume_uses_volume ON volume_uses(volume);

        """

    // What events tell of a mount, so that no request has to be read for it.
    private static let volumeMounts = """
        ALTER TABLE volume_uses ADD COLUMN mounts TEXT NOT NULL DEFAULT '[]';

        """

    // Of containers that are gone, while the kernel may still track connections of theirs: a number is never given twice.
    private static let retiredAddresses = """
        CREATE TABLE retired_addresses(
          number INTEGER PRIMARY KEY AUTOINCREMENT, network TEXT NOT NULL REFERENCES networks(id) ON DELETE CASCADE,
          ipv4 INTEGER, ipv6 TEXT
        ) STRICT;

        """

    // A step of a build is a container without an image, which nobody is shown. That a column may be NULL can be said in place
    // only so (sqlite.org/lang_altertable.html, "removing NOT NULL constraints").
    private static let stepContainers = """
        PRAGMA writable_schema=ON;
        UPDATE sqlite_schema SET sql=replace(sql, 'image TEXT NOT NULL REFERENCES', 'image TEXT REFERENCES')
          WHERE type='table' AND name='containers';
        PRAGMA writable_schema=RESET;
        CREATE INDEX step_containers ON containers(slot) WHERE image IS NULL;

        """

    // What the last probe found; empty for a container without a health check.
    private static let health = """
        ALTER TABLE containers ADD COLUMN health TEXT NOT NULL DEFAULT '';

        """

    // key: what a step of a build does and to what, in 32 bytes. inputs: what the key was made of, for who asks why the next
    // build's is another one; of each place in a Dockerfile the last.
    private static let builds = """
        CREATE TABLE build_cache(
          key BLOB PRIMARY KEY, kind TEXT NOT NULL, title TEXT NOT NULL, diffID TEXT, blob TEXT, blobMediaType TEXT NOT NULL,
          blobSize INTEGER NOT NULL, created INTEGER NOT NULL, lastUsed INTEGER NOT NULL, uses INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX build_cache_diffID ON build_cache(diffID);
        CREATE INDEX build_cache_blob ON build_cache(blob);
        CREATE TABLE build_inputs(
          build BLOB NOT NULL, stage TEXT NOT NULL, position INTEGER NOT NULL, title TEXT NOT NULL,
          key BLOB NOT NULL REFERENCES build_cache(key) ON DELETE CASCADE, inputs BLOB NOT NULL,
          PRIMARY KEY(build, stage, position)
        ) STRICT;
        CREATE INDEX build_inputs_key ON build_inputs(key);

        """
}
