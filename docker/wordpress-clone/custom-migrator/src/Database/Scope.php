<?php

declare(strict_types=1);

namespace CustomMigrator\Database;

/** Which tables of the database belong to this site, and which of their rows travel. Pure. */
final class Scope
{
    /** A prefix with all of these is another WordPress. */
    private const MARKS = ['options', 'posts', 'users'];

    /** Rows that would let a copy act as the original, or that are stale by nature. */
    private const FILTERS = [
        'options' => ['option_name', ['\_transient\_%', '\_site\_transient\_%', 'custom\_migrator\_%']],
        'sitemeta' => ['meta_key', ['\_transient\_%', '\_site\_transient\_%', 'custom\_migrator\_%']],
        'usermeta' => ['meta_key', ['session\_tokens', '\_application\_passwords', 'custom\_migrator\_%']],
    ];
    private const EMPTY_TABLES = ['woocommerce_sessions'];

    /** @var string */
    private $prefix;
    /** @var bool */
    private $multisite;
    /** @var list<string> */
    private $include;
    /** @var string|null */
    private $usermeta;

    /** @param list<string> $include */
    public function __construct(string $prefix, bool $multisite, array $include = [], ?string $usermeta = null)
    {
        $this->prefix = $prefix;
        $this->multisite = $multisite;
        $this->include = $include;
        $this->usermeta = $usermeta;
    }

    /**
     * @param list<string> $names all tables of the database
     * @return array{0: list<string>, 1: list<string>} ours, and those of another site under our prefix
     */
    public function divide(array $names): array
    {
        $others = $this->otherPrefixes($names);
        $ours = $left = [];
        foreach ($names as $name) {
            if (in_array($name, $this->include, true)) {
                $ours[] = $name;
            } elseif (strncmp($name, $this->prefix, strlen($this->prefix)) === 0) {
                self::beginsWithOne($name, $others) ? $left[] = $name : $ours[] = $name;
            }
        }
        return [$ours, $left];
    }

    /** @return string|null options, usermeta, empty, or null: all rows */
    public function filter(string $table): ?string
    {
        if ($table === $this->usermeta) {
            return 'usermeta';
        }
        if (strncmp($table, $this->prefix, strlen($this->prefix)) !== 0) {
            return null;
        }
        $rest = substr($table, strlen($this->prefix));
        if ($this->multisite) {
            $rest = (string) preg_replace('/^[0-9]+_/', '', $rest);
        }
        if (in_array($rest, self::EMPTY_TABLES, true)) {
            return 'empty';
        }
        return $rest === 'sitemeta' ? 'options' : (isset(self::FILTERS[$rest]) ? $rest : null);
    }

    /** @return string|null a condition for the rows that travel */
    public function condition(string $table): ?string
    {
        $filter = $this->filter($table);
        if ($filter === null) {
            return null;
        }
        if ($filter === 'empty') {
            return '0 = 1';
        }
        [$column, $patterns] = self::FILTERS[substr($table, -8) === 'sitemeta' ? 'sitemeta' : $filter];
        return implode(' AND ', array_map(static function (string $pattern) use ($column): string {
            // A NULL name is a row like any other.
            return "COALESCE(`$column` NOT LIKE '$pattern', 1)";
        }, $patterns));
    }

    /**
     * @param list<string> $names
     * @return list<string> longer prefixes under ours that have a WordPress of their own
     */
    private function otherPrefixes(array $names): array
    {
        if ($this->multisite) {
            return [];
        }
        $have = array_flip($names);
        $found = [];
        foreach ($names as $name) {
            $prefix = substr($name, 0, -strlen(self::MARKS[0]));
            if ($prefix === $this->prefix || $prefix . self::MARKS[0] !== $name) {
                continue;
            }
            if (strncmp($prefix, $this->prefix, strlen($this->prefix)) === 0 && self::hasMarks($prefix, $have)) {
                $found[] = $prefix;
            }
        }
        return $found;
    }

    /** @param array<string, int> $have */
    private static function hasMarks(string $prefix, array $have): bool
    {
        foreach (self::MARKS as $mark) {
            if (!isset($have[$prefix . $mark])) {
                return false;
            }
        }
        return true;
    }

    /** @param list<string> $prefixes */
    private static function beginsWithOne(string $name, array $prefixes): bool
    {
        foreach ($prefixes as $prefix) {
            if (strncmp($name, $prefix, strlen($prefix)) === 0) {
                return true;
            }
        }
        return false;
    }
}
