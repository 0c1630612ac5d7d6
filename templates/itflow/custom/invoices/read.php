<?php

/*
 * itflow-bridge: payments, each with its invoice's client, for ITFlow 26.04 and later (25.x and 26.02 run it too).
 * Belongs at api/v1/custom/invoices/read.php; see README.md beside this folder.
 *
 * GET ?api_key=&limit=&offset=   The answer is API v1's own envelope, in the order of payment_id.
 */

require_once __DIR__ . '/../../validate_api_key.php';
require_once __DIR__ . '/../../require_get_method.php';

// 26.08 and later: the key is a user's, with lists of clients. Before: $client_id is the key's client, or % for all.
if (function_exists('apiClientScopeSql')) {
    $scope = apiClientScopeSql('invoice_client_id');
} else {
    $scope = " AND invoice_client_id LIKE '$client_id'";
}

$sql = mysqli_query($mysqli,
    "SELECT payment_id, payment_date, payment_amount, payment_currency_code, payment_method, payment_reference,
        payment_created_at, payment_updated_at, payment_archived_at, payment_account_id, payment_invoice_id,
        invoice_client_id
    FROM payments JOIN invoices ON invoice_id = payment_invoice_id
    WHERE 1 = 1$scope
    ORDER BY payment_id LIMIT " . intval($limit) . " OFFSET " . intval($offset)
);

require_once __DIR__ . '/../../read_output.php';
