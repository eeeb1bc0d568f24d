<?php

declare(strict_types=1);

// phpcs:disable PSR1.Classes.ClassDeclaration.MissingNamespace, Squiz.Classes.ValidClassName.NotCamelCaps, PSR1.Methods.CamelCapsMethodName.NotCamelCaps

use CustomMigrator\Tests\Support\DatabaseServer;

/** The part of WordPress's class that the plugin uses, on a real server. */
class wpdb
{
    /** @var DatabaseServer */
    private $server;

    public function __construct(DatabaseServer $server)
    {
        $this->server = $server;
    }

    public function prepare(string $sql, string ...$values): string
    {
        $quoted = array_map(static function (string $value): string {
            return "'" . addslashes($value) . "'";
        }, $values);
        return vsprintf($sql, $quoted);
    }

    public function esc_like(string $text): string
    {
        return addcslashes($text, '_%\\');
    }

    public function query(string $sql): int
    {
        return $this->server->execute($sql);
    }

    public function get_var(string $sql): ?string
    {
        return $this->server->query($sql)[0][0] ?? null;
    }
}
