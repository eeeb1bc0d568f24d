<?php

declare(strict_types=1);

namespace LabSource;

/** A dump brings its own table prefix; WordPress has to be told before it starts. */
final class Prefix
{
    /** Write the prefix of the tables that lie in the database into wp-config.php. */
    public static function adopt(string $config): void
    {
        $password = trim((string) file_get_contents('/etc/clone/db-password'));
        $database = new \mysqli('127.0.0.1', 'wordpress', $password, 'wordpress');
        $tables = array_column($database->query('SHOW TABLES')->fetch_all(), 0);
        $prefixes = array_filter(array_map(
            static fn (string $table): ?string => preg_match('/^(\w*?)options$/D', $table, $m) === 1 ? $m[1] : null,
            $tables
        ), static fn (?string $prefix): bool => $prefix !== null && in_array("{$prefix}posts", $tables, true));
        if ($prefixes === []) {
            throw new \RuntimeException('the dump holds no tables of a WordPress site (…options, …posts)');
        }
        usort($prefixes, static fn (string $a, string $b): int => strlen($a) <=> strlen($b));
        self::write($config, $prefixes[0]);
    }

    public static function write(string $config, string $prefix): void
    {
        $text = (string) file_get_contents($config);
        $line = '$table_prefix = ' . var_export($prefix, true) . ';';
        file_put_contents($config, preg_replace('/^\$table_prefix = .*;$/m', $line, $text));
    }
}
