<?php

declare(strict_types=1);

namespace CustomMigrator\Tests\Support;

use CustomMigrator\Site;

/** For test cases: the folders of a site, made anew for each test. */
trait FileTree
{
    /** @var string */
    private $folder;

    protected function setUp(): void
    {
        $this->folder = sys_get_temp_dir() . '/cm-files-' . bin2hex(random_bytes(6));
        foreach (['plugins/one', 'plugins/custom-migrator', 'themes', 'uploads'] as $name) {
            mkdir("{$this->folder}/site/wp-content/$name", 0755, true);
        }
    }

    protected function tearDown(): void
    {
        exec('rm -rf ' . escapeshellarg($this->folder));
    }

    /** @return array<string, string> */
    private function paths(): array
    {
        $content = $this->folder . '/site/wp-content';
        return ['abspath' => $this->folder . '/site', 'content' => $content, 'plugins' => $content . '/plugins',
            'mu_plugins' => $content . '/mu-plugins', 'themes' => $content . '/themes',
            'uploads' => $content . '/uploads', 'self' => $content . '/plugins/custom-migrator'];
    }

    private function put(string $path, string $bytes = 'x'): void
    {
        $absolute = $this->folder . '/site/' . $path;
        if (!is_dir(dirname($absolute))) {
            mkdir(dirname($absolute), 0755, true);
        }
        file_put_contents($absolute, $bytes);
    }

    private function source(): Source
    {
        $tables = ['prefix' => 'wp_', 'multisite' => false, 'users' => null, 'usermeta' => null];
        return new Source(new Site([], [], $this->paths(), $tables));
    }

    /** @return array<string, string> contents by path, put together from records */
    private static function contents(array $records): array
    {
        $files = [];
        $path = '';
        foreach ($records as $record) {
            if ($record[0] === 'f') {
                $path = $record[1];
                $files[$path] = substr($files[$path] ?? '', 0, $record[5]);
            } elseif ($record[0] === 'b') {
                $files[$path] .= $record[1];
            }
        }
        return $files;
    }
}
