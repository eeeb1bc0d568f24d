<?php

declare(strict_types=1);

namespace CustomMigrator;

use CustomMigrator\Database\Scope;
use CustomMigrator\Files\Roots;

/** What the exporter knows about the site, as plain values, so that it also runs without WordPress. */
final class Site
{
    /** @var array<string, mixed> */
    private $facts;
    /** @var array<string, mixed> */
    private $database;
    /** @var array<string, string> */
    private $paths;
    /** @var array{prefix: string, multisite: bool, users: ?string, usermeta: ?string} */
    private $tables;

    /**
     * @param array<string, mixed>  $facts    of preflight: site, urls, versions, plugins, theme, constants
     * @param array<string, mixed>  $database host, user, password, name, flags, ssl_ca
     * @param array<string, string> $paths    abspath, content, plugins, mu_plugins, themes, uploads, self
     * @param array{prefix: string, multisite: bool, users: ?string, usermeta: ?string} $tables
     */
    public function __construct(array $facts, array $database, array $paths, array $tables)
    {
        $this->facts = $facts;
        $this->database = $database;
        $this->paths = $paths;
        $this->tables = $tables;
    }

    /** @return array<string, mixed> */
    public function facts(): array
    {
        return $this->facts;
    }

    /** @return array<string, mixed> */
    public function database(): array
    {
        return $this->database;
    }

    /** @return array<string, string> */
    public function paths(): array
    {
        return $this->paths;
    }

    public function prefix(): string
    {
        return $this->tables['prefix'];
    }

    public function roots(): Roots
    {
        return new Roots($this->paths);
    }

    /** @param list<string> $include further tables that the client asks for */
    public function scope(array $include): Scope
    {
        $custom = ['users' => $this->tables['users'], 'usermeta' => $this->tables['usermeta']];
        return new Scope($this->tables['prefix'], $this->tables['multisite'], $custom, $include);
    }
}
