<?php

declare(strict_types=1);

error_reporting(-1);

spl_autoload_register(static function (string $class): void {
    $folders = [
        'CustomMigrator\\Tests\\Support\\' => __DIR__ . '/support/',
        'CustomMigrator\\' => dirname(__DIR__, 2) . '/docker/wordpress-clone/custom-migrator/src/',
    ];
    foreach ($folders as $prefix => $folder) {
        if (strncmp($class, $prefix, strlen($prefix)) === 0) {
            $file = $folder . str_replace('\\', '/', substr($class, strlen($prefix))) . '.php';
            if (is_file($file)) {
                require $file;
            }
            return;
        }
    }
});

if (PHP_VERSION_ID >= 80400) {
    // PHPUnit 9 has what 8.4 calls deprecated; ours must not, so only its own files are loaded without a word.
    $others = spl_autoload_functions();
    spl_autoload_register(static function (string $class) use ($others): void {
        $level = error_reporting(error_reporting() & ~E_DEPRECATED);
        foreach (strncmp($class, 'CustomMigrator\\', 15) === 0 ? [] : $others as $load) {
            $load($class);
        }
        error_reporting($level);
    }, true, true);
}
