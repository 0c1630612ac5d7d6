<?php
// A small ITFlow v1 of the tests' own on a real MariaDB: what deliveries ask, with ITFlow's treatment of texts.
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
$database = new mysqli('localhost', 'root', '', 'itflow', 0, getenv('MARIADB_SOCKET'));
$database->set_charset('utf8mb4');
$input = json_decode(file_get_contents('php://input'), true) ?? [];
header('Content-Type: application/json');

function stored($value) {
    return trim(strip_tags((string) $value));
}

function rows($found) {
    $rows = $found->fetch_all(MYSQLI_ASSOC);
    $rows = array_map(fn ($row) => array_map(fn ($value) => $value === null ? null : (string) $value, $row), $rows);
    $none = ['success' => 'False', 'message' => 'No resource (for this client and company) with the specified parameter(s).'];
    return $rows ? ['success' => 'True', 'count' => count($rows), 'data' => $rows] : $none;
}

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
switch ($path) {
    case '/api/v1/clients/read.php':
        $id = (int) $_GET['client_id'];
        $row = ['client_id' => (string) $id, 'client_archived_at' => null];
        echo json_encode(['success' => 'True', 'count' => 1, 'data' => [$row]]);
        break;
    case '/api/v1/assets/read.php':
        $limit = (int) ($_GET['limit'] ?? 50);
        $offset = (int) ($_GET['offset'] ?? 0);
        if (isset($_GET['asset_id'])) {
            $query = $database->prepare('SELECT * FROM assets WHERE asset_id = ?');
            $query->execute([(int) $_GET['asset_id']]);
        } else {
            $query = $database->prepare("SELECT * FROM assets WHERE asset_client_id = ? ORDER BY asset_id LIMIT $limit OFFSET $offset");
            $query->execute([(int) $_GET['client_id']]);
        }
        echo json_encode(rows($query->get_result()));
        break;
    case '/api/v1/assets/create.php':
        $query = $database->prepare('INSERT INTO assets SET asset_name = ?, asset_notes = ?, asset_client_id = ?');
        $query->execute([stored($input['asset_name']), stored($input['asset_notes'] ?? ''), (int) $input['client_id']]);
        echo json_encode(['success' => 'True', 'count' => '1', 'data' => [['insert_id' => $query->insert_id]]]);
        break;
    case '/api/v1/assets/delete.php':
        $query = $database->prepare('DELETE FROM assets WHERE asset_id = ? AND asset_client_id = ?');
        $query->execute([(int) $input['asset_id'], (int) $input['client_id']]);
        echo json_encode(['success' => 'False', 'message' => 'Auth success but delete query failed/returned no results.']);
        break;
    default:
        http_response_code(404);
}
