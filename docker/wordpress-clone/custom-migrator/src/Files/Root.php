<?php

declare(strict_types=1);

namespace CustomMigrator\Files;

/** One tree of the site. */
final class Root
{
    /** Of core's own wp-content where the site's lies elsewhere: older copies of what the site has. */
    private const LEFT_OVER = ['wp-content/plugins', 'wp-content/mu-plugins', 'wp-content/uploads'];

    /** @var string as in docs/protocol.md, section 7 */
    public $name;
    /** @var string absolute, links resolved */
    public $path;
    /** @var string where it belongs in the clone's document root */
    public $target;
    /** @var list<string> absolute paths of folders below that belong to other roots */
    public $foreign;
    /** @var string absolute path of this plugin */
    public $self;

    /** @param list<string> $foreign */
    public function __construct(string $name, string $path, string $target, array $foreign, string $self)
    {
        $this->name = $name;
        $this->path = $path;
        $this->target = $target;
        $this->foreign = $foreign;
        $this->self = $self;
    }

    public function isNewestFirst(): bool
    {
        return $this->name === 'uploads';
    }

    public function absolute(string $path): string
    {
        return $path === '' ? $this->path : rtrim($this->path, '/') . '/' . $path;
    }

    /** Whether an entry belongs to this root at all (others are not even reported as skipped). */
    public function owns(string $path, bool $directory): bool
    {
        if ($directory && in_array($this->absolute($path), $this->foreign, true)) {
            return false;
        }
        $top = strpos($path, '/') === false;
        $isCore = $path === 'wp-admin' || $path === 'wp-includes';
        if ($this->name === 'core') {
            return !$top || !$directory || $isCore;
        }
        if ($this->name !== 'other') {
            return true;
        }
        return $top ? $directory && !$isCore : !in_array($path, self::LEFT_OVER, true);
    }
}
