<?php

/**
 * Tell of two options what of them can be compared: php options.php PREFIX, in a container. The answer is JSON,
 * {"cron": ["hook schedule arguments", ...], "blog_public": "1"}
 *
 * @license Apache-2.0
 */

declare(strict_types=1);

mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
$password = trim((string) file_get_contents('/etc/clone/db-password'));
$db = new mysqli('127.0.0.1', 'wordpress', $password, 'wordpress');
$db->set_charset('utf8mb4');
$query = "SELECT option_name, option_value FROM {$argv[1]}options WHERE option_name IN ('cron', 'blog_public')";
$options = array_column($db->query($query)->fetch_all(), 1, 0);

// time => hook => key => event; the time of an event moves whenever it is run
$cron = unserialize($options['cron'], ['allowed_classes' => false]);
unset($cron['version']);
$events = [];
foreach ($cron as $hooks) {
    foreach ($hooks as $hook => $same) {
        foreach ($same as $event) {
            $arguments = json_encode($event['args'], JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES);
            $events[] = "{$hook} " . ($event['schedule'] ?: 'once') . " {$arguments}";
        }
    }
}
sort($events);
echo json_encode(['cron' => $events, 'blog_public' => $options['blog_public']], JSON_THROW_ON_ERROR);
