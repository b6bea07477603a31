<#
.SYNOPSIS
Installs windows_exporter, of a pinned version whose checksum is verified.

.DESCRIPTION
In an elevated PowerShell (5.1 or later):
  powershell -ExecutionPolicy Bypass -File windows.ps1 -Allow ADDRESS-OF-PROMETHEUS
or from another machine: Invoke-Command -ComputerName HOST -FilePath windows.ps1 -ArgumentList ADDRESS-OF-PROMETHEUS
Nothing is installed when the download is broken or the checksum is another one.

.PARAMETER Allow
Address of the Prometheus that scrapes. The Windows firewall is opened for it alone; without it the firewall stays as it is.

.PARAMETER Sha256
Checksum of the installer, where you know it; otherwise the sha256sums.txt of the release is asked.
#>
[CmdletBinding()]
param(
  [ValidatePattern('^[0-9A-Fa-f:./,]*$')] [string] $Allow = '',
  [ValidateRange(1, 65535)] [int] $Port = 9182,
  [ValidatePattern('^\d+\.\d+\.\d+$')] [string] $Version = '0.31.2',
  [ValidatePattern('^https?://[^\s"'']+$')] [string] $Mirror = 'https://github.com/prometheus-community/windows_exporter/releases/download',
  [ValidatePattern('^([0-9A-Fa-f]{64})?$')] [string] $Sha256 = '',
  [ValidatePattern('^[a-z_,]+$')] [string] $Collectors = 'cpu,logical_disk,memory,net,os,physical_disk,service,system'
)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
# The progress bar of 5.1 makes downloads many times slower.
$ProgressPreference = 'SilentlyContinue'
[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12

$identity = New-Object Security.Principal.WindowsPrincipal([Security.Principal.WindowsIdentity]::GetCurrent())
if (-not $identity.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) { throw 'This needs an elevated PowerShell.' }

# The first one is set where a 32-bit PowerShell runs on a 64-bit Windows.
$machine = @($env:PROCESSOR_ARCHITEW6432, $env:PROCESSOR_ARCHITECTURE | Where-Object { $_ })[0]
switch ($machine) {
  'AMD64' { $arch = 'amd64' }
  'ARM64' { $arch = 'arm64' }
  default { throw "There is no installer of windows_exporter for $machine." }
}
$name = "windows_exporter-$Version-$arch.msi"
$base = "$($Mirror.TrimEnd('/'))/v$Version"
$work = Join-Path ([IO.Path]::GetTempPath()) ([IO.Path]::GetRandomFileName())
New-Item -ItemType Directory -Path $work | Out-Null
try {
  $installer = Join-Path $work $name
  if ($Sha256 -eq '') {
    $sums = Join-Path $work 'sha256sums.txt'
    Invoke-WebRequest -UseBasicParsing -Uri "$base/sha256sums.txt" -OutFile $sums
    $line = @(Get-Content -LiteralPath $sums | Where-Object { $_ -match ('^[0-9A-Fa-f]{64} [ *]' + [regex]::Escape($name) + '$') })
    if ($line.Count -ne 1) { throw "$base/sha256sums.txt names no checksum of $name." }
    $Sha256 = $line[0].Substring(0, 64)
  }
  Invoke-WebRequest -UseBasicParsing -Uri "$base/$name" -OutFile $installer
  $found = (Get-FileHash -LiteralPath $installer -Algorithm SHA256).Hash
  if ($found -ne $Sha256) { throw "The checksum of $name is $found, and not $Sha256 as it should be: nothing was installed." }
  # A signature that is there must be whole, too.
  if ((Get-AuthenticodeSignature -LiteralPath $installer).Status -eq 'HashMismatch') { throw "The signature of $name does not fit it: nothing was installed." }

  $arguments = @('/i', "`"$installer`"", '/qn', '/norestart', "ENABLED_COLLECTORS=$Collectors", "LISTEN_PORT=$Port")
  if ($Allow -ne '') { $arguments += @('ADDLOCAL=FirewallException', "REMOTE_ADDR=$Allow") }
  $process = Start-Process -FilePath 'msiexec.exe' -ArgumentList $arguments -Wait -PassThru
  # 3010: done, a restart is due.
  if (@(0, 3010) -notcontains $process.ExitCode) { throw "msiexec ended with $($process.ExitCode)." }
} finally {
  Remove-Item -LiteralPath $work -Recurse -Force
}

$answer = Invoke-WebRequest -UseBasicParsing -Uri "http://localhost:$Port/metrics"
if ($answer.StatusCode -ne 200) { throw "windows_exporter answers with $($answer.StatusCode)." }
Write-Output "Installed windows_exporter $Version, checksum $found. It answers on port $Port."
if ($Allow -eq '') {
  Write-Output "Firewall: only Prometheus should reach port $Port, for example:"
  Write-Output "  New-NetFirewallRule -DisplayName windows_exporter -Direction Inbound -Protocol TCP -LocalPort $Port -RemoteAddress ADDRESS-OF-PROMETHEUS -Action Allow"
}
