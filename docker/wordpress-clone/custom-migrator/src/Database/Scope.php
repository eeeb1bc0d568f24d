<?php

declare(strict_types=1);

namespace CustomMigrator\Database;

/** Which tables of the database belong to this site. Pure. */
final class Scope
{
    /** Tables by which a WordPress is told. */
    private const MARKS = ['options', 'posts', 'users'];

    /** @var string */
    private $prefix;
    /** @var bool */
    private $multisite;
    /** @var array{users: ?string, usermeta: ?string} */
    private $custom;
    /** @var list<string> */
    private $include;
    /** @var bool */
    private $ignoresCase = false;

    /**
     * @param array{users: ?string, usermeta: ?string} $custom  tables that wp-config.php names
     * @param list<string>                             $include tables that the client asks for by name
     */
    public function __construct(string $prefix, bool $multisite, array $custom = [], array $include = [])
    {
        $this->prefix = $prefix;
        $this->multisite = $multisite;
        $this->custom = $custom + ['users' => null, 'usermeta' => null];
        $this->include = $include;
    }

    /** For servers that keep names in lower case, or do not tell case apart: wp-config.php may spell them differently. */
    public function ignoringCase(): self
    {
        $scope = clone $this;
        $scope->ignoresCase = true;
        return $scope;
    }

    /**
     * @param list<string> $names all tables of the database
     * @return array{0: list<string>, 1: list<string>} ours, and those of another WordPress that would seem to be
     */
    public function divide(array $names): array
    {
        $others = $this->otherPrefixes($names);
        $longer = array_values(array_filter($others, [$this, 'isPrefixed']));
        $custom = array_map([$this, 'fold'], array_filter($this->custom, 'is_string'));
        $include = array_map([$this, 'fold'], $this->include);
        $ours = $left = [];
        foreach ($names as $name) {
            $folded = $this->fold($name);
            $prefixed = $this->isPrefixed($folded);
            if (in_array($folded, $custom, true)) {
                $ours[] = $name;
            } elseif ($prefixed || in_array($folded, $include, true)) {
                self::beginsWithOne($folded, $prefixed ? $longer : $others) ? $left[] = $name : $ours[] = $name;
            }
        }
        return [$ours, $left];
    }

    /** @return string|null a table's name as WordPress knows it, such as "options"; null: not one of this site's own */
    public function role(string $table): ?string
    {
        $name = $this->fold($table);
        if ($this->custom['usermeta'] !== null && $name === $this->fold($this->custom['usermeta'])) {
            return 'usermeta';
        }
        if (!$this->isPrefixed($name)) {
            return null;
        }
        $rest = substr($name, strlen($this->prefix));
        return $this->multisite ? (string) preg_replace('/^[0-9]+_/', '', $rest) : $rest;
    }

    /**
     * @param list<string> $names
     * @return list<string> prefixes of other WordPresses, folded
     */
    private function otherPrefixes(array $names): array
    {
        $names = array_map([$this, 'fold'], $names);
        $have = array_flip($names);
        $found = [];
        foreach ($names as $name) {
            $prefix = (string) substr($name, 0, -strlen(self::MARKS[0]));
            if ($prefix === '' || $prefix . self::MARKS[0] !== $name || $prefix === $this->fold($this->prefix)) {
                continue;
            }
            if ($this->isOther($prefix, self::marks($prefix, $have))) {
                $found[] = $prefix;
            }
        }
        return $found;
    }

    /** Under our own prefix only what has all marks: a plugin may like the same words. */
    private function isOther(string $prefix, int $marks): bool
    {
        return $this->isPrefixed($prefix) ? !$this->multisite && $marks === count(self::MARKS) : $marks > 1;
    }

    private function isPrefixed(string $folded): bool
    {
        return strncmp($folded, $this->fold($this->prefix), strlen($this->prefix)) === 0;
    }

    private function fold(string $name): string
    {
        return $this->ignoresCase ? strtolower($name) : $name;
    }

    /** @param array<string, int> $have */
    private static function marks(string $prefix, array $have): int
    {
        return count(array_filter(self::MARKS, static function (string $mark) use ($prefix, $have): bool {
            return isset($have[$prefix . $mark]);
        }));
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
