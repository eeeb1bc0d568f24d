<?php

declare(strict_types=1);

namespace CustomMigrator\Database;

/**
 * Rows that never travel: what would let a copy act as the original, what is stale by nature, and our own keys.
 *
 * By the table's shape and not only by its name: copies that other plugins make of these tables hold the same rows.
 */
final class RowFilter
{
    private const NOT_OPTIONS = ['\_transient\_%', '\_site\_transient\_%', 'custom\_migrator\_%'];
    private const NOT_USERMETA = ['session\_tokens', '\_application\_passwords', 'custom\_migrator\_%'];

    /** By shape: the columns that tell, the filter's name, its column, and what is left out (null: everything). */
    private const RULES = [
        'options' => [['option_name', 'option_value'], 'options', 'option_name', self::NOT_OPTIONS],
        'sitemeta' => [['site_id', 'meta_key', 'meta_value'], 'options', 'meta_key', self::NOT_OPTIONS],
        'usermeta' => [['user_id', 'meta_key', 'meta_value'], 'usermeta', 'meta_key', self::NOT_USERMETA],
        'woocommerce_sessions' => [['session_key', 'session_value', 'session_expiry'], 'empty', '', null],
    ];

    /** @var string options, usermeta or empty */
    public $name;
    /** @var string SQL, true for the rows that travel */
    public $condition;

    private function __construct(string $name, string $condition)
    {
        $this->name = $name;
        $this->condition = $condition;
    }

    /**
     * @param string|null  $role    the table's name without the prefix, as WordPress knows it; null: not one of its own
     * @param list<string> $columns
     */
    public static function of(?string $role, array $columns): ?self
    {
        $columns = array_map('strtolower', $columns);
        foreach (self::RULES as $known => [$shape, $name, $column, $patterns]) {
            $byName = $known === $role && ($column === '' || in_array($column, $columns, true));
            if ($byName || array_diff($shape, $columns) === []) {
                return new self($name, $patterns === null ? '0 = 1' : self::condition($column, $patterns));
            }
        }
        return null;
    }

    /** @param list<string> $patterns */
    private static function condition(string $column, array $patterns): string
    {
        return implode(' AND ', array_map(static function (string $pattern) use ($column): string {
            // A NULL name is a row like any other.
            return "COALESCE(`$column` NOT LIKE '$pattern', 1)";
        }, $patterns));
    }
}
