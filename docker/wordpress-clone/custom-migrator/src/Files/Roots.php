<?php

declare(strict_types=1);

namespace CustomMigrator\Files;

use CustomMigrator\ExportError;

/** The trees of a site, wherever they lie, in the order in which they should be read. */
final class Roots
{
    private const TARGETS = [
        'plugins' => 'wp-content/plugins',
        'mu-plugins' => 'wp-content/mu-plugins',
        'themes' => 'wp-content/themes',
        'content' => 'wp-content',
        'core' => '',
        'uploads' => 'wp-content/uploads',
        'other' => '',
    ];

    /** @var array<string, Root> */
    private $roots = [];

    /** @param array<string, string> $paths as Site::paths() */
    public function __construct(array $paths)
    {
        $given = [
            'plugins' => $paths['plugins'],
            'mu-plugins' => $paths['mu_plugins'],
            'themes' => $paths['themes'],
            'content' => $paths['content'],
            'core' => $paths['abspath'],
            'uploads' => $paths['uploads'],
            'other' => $paths['abspath'],
        ];
        $real = array_filter(array_map([self::class, 'resolve'], $given), 'is_string');
        // A folder may be reached by its own name or through a link: both belong to its root.
        $all = array_values(array_unique(array_merge(array_values($real), array_values($given))));
        foreach ($real as $name => $path) {
            $foreign = array_values(array_diff($all, [$path]));
            $self = (string) self::resolve($paths['self']);
            $this->roots[$name] = new Root($name, $path, self::TARGETS[$name], $foreign, $self);
        }
    }

    /** @return string|null the real path, with "/" on every system */
    public static function resolve(string $path): ?string
    {
        $real = realpath($path);
        return $real === false ? null : str_replace(DIRECTORY_SEPARATOR, '/', $real);
    }

    public function root(string $name): Root
    {
        if (!isset($this->roots[$name])) {
            $names = implode(', ', array_keys($this->roots));
            throw new ExportError('unknown_root', "no root $name on this site; there is $names");
        }
        return $this->roots[$name];
    }

    /** @return list<Root> */
    public function all(): array
    {
        return array_values($this->roots);
    }

    /** @return list<array{name: string, path: string, target: string}> */
    public function describe(): array
    {
        return array_map(static function (Root $root): array {
            return ['name' => $root->name, 'path' => $root->path, 'target' => $root->target];
        }, $this->all());
    }
}
