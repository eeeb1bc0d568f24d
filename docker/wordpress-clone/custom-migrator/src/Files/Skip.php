<?php

declare(strict_types=1);

namespace CustomMigrator\Files;

/** What does not travel, and why. Pure. */
final class Skip
{
    private const VERSION_CONTROL = ['.git', '.svn', '.hg', '.bzr'];

    /** Folders by root: made anew by their plug-ins, or copies of the site that would double it. */
    private const FOLDERS = [
        'content' => [
            'cache' => 'cache', 'upgrade' => 'cache', 'upgrade-temp-backup' => 'cache', 'et-cache' => 'cache',
            'litespeed' => 'cache', 'wphb-cache' => 'cache', 'wp-rocket-config' => 'cache', 'wflogs' => 'log',
            'ai1wm-backups' => 'backup', 'updraft' => 'backup', 'backups' => 'backup', 'backup' => 'backup',
            'backup-db' => 'backup', 'backups-dup-lite' => 'backup', 'backups-dup-pro' => 'backup',
            'wpvividbackups' => 'backup', 'backuply' => 'backup', 'envato-backups' => 'backup',
            'managewp' => 'backup', 'jetpack-temp' => 'cache', 'wpstg-backups' => 'backup',
        ],
        'uploads' => [
            'cache' => 'cache', 'wp-staging' => 'backup', 'backupbuddy_backups' => 'backup',
            'backupbuddy_temp' => 'backup', 'pb_backupbuddy' => 'backup', 'wpvividbackups' => 'backup',
            'aiowps_backups' => 'backup', 'db-backup' => 'backup', 'ShortpixelBackups' => 'backup',
            'snapshots' => 'backup', 'wp-clone' => 'backup', 'backup-guard' => 'backup', 'wc-logs' => 'log',
            'wp-migrate-db' => 'backup',
        ],
    ];
    private const FOLDER_PATTERNS = [
        'uploads' => ['/^backwpup-/' => 'backup'],
        'content' => ['/^backwpup-/' => 'backup'],
    ];

    /** Salts and passwords of the source; its copies and editors' left-overs too. */
    private const SECRETS = '/^(wp-config\.php.*|wp-config[-_.](bak|backup|old|copy|orig|save|local|env).*'
        . '|\.env(\..*)?|\.htpasswd|\.my\.cnf)$/Di';
    private const LOGS = '/^(debug|error)[-_.]log$/Di';
    private const BACKUPS = '/\.(wpress|daf)$/Di';

    /** @var Root */
    private $root;
    /** @var list<Pattern> */
    private $patterns;

    /** @param list<string> $patterns shell patterns of the client */
    public function __construct(Root $root, array $patterns = [])
    {
        $this->root = $root;
        $this->patterns = array_map(static function (string $pattern): Pattern {
            return new Pattern($pattern);
        }, $patterns);
    }

    /** @return string|null a reason of docs/protocol.md, section 7 */
    public function reason(string $path, bool $directory): ?string
    {
        $name = basename($path);
        if (in_array($name, self::VERSION_CONTROL, true)) {
            return 'version_control';
        }
        if ($this->root->absolute($path) === $this->root->self) {
            return 'own';
        }
        return ($directory ? $this->folder($path) : $this->file($path, $name)) ?? $this->excluded($path);
    }

    private function folder(string $path): ?string
    {
        $known = self::FOLDERS[$this->root->name][$path] ?? null;
        foreach (self::FOLDER_PATTERNS[$this->root->name] ?? [] as $pattern => $reason) {
            $known = $known ?? (preg_match($pattern, $path) ? $reason : null);
        }
        return $known;
    }

    private function file(string $path, string $name): ?string
    {
        if (preg_match(self::SECRETS, $name)) {
            return 'secret';
        }
        if (preg_match(self::LOGS, $name)) {
            return 'log';
        }
        if (preg_match(self::BACKUPS, $name)) {
            return 'backup';
        }
        return $path === '.maintenance' ? 'cache' : null;
    }

    private function excluded(string $path): ?string
    {
        foreach ($this->patterns as $pattern) {
            if ($pattern->matches($path)) {
                return 'excluded';
            }
        }
        return null;
    }
}
