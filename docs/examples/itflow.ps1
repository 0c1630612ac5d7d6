# The bridge from PowerShell: $env:BRIDGE_URL = 'http://bridge:8080'; $env:BRIDGE_KEY = '…'; then
#   ./itflow.ps1 caller +12125550101 | balance 1 | emails | asset 1 PC-7
param([string]$Verb, [string]$First, [string]$Second)
$ErrorActionPreference = 'Stop'

function Ask([string]$Path, [hashtable]$Query = @{}, [string]$Method = 'Get') {
    $Headers = @{ Authorization = "Bearer $env:BRIDGE_KEY" }
    # With Get, Invoke-WebRequest puts the fields into the query; with Post, into the body.
    (Invoke-WebRequest -UseBasicParsing -Uri "$env:BRIDGE_URL$Path" -Method $Method -Headers $Headers -Body $Query).Content
}

switch ($Verb) {
    'caller' { Ask '/callerid' @{ number = $First } }
    'balance' { Ask '/balance' @{ client_id = $First } }
    'emails' { Ask '/emails' @{ format = 'addresses' } }
    'asset' { Ask '/assets' @{ client_id = $First; name = $Second } 'Post' }
    default { Write-Output './itflow.ps1 caller NUMBER | balance CLIENT | emails | asset CLIENT NAME'; exit 2 }
}
