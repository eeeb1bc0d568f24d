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
