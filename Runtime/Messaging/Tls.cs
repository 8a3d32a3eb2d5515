using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Orleans.Configuration;

namespace Orleans.Messaging;

/// <summary>TLS with certificates on both sides, when the options name them; otherwise the stream as it is.</summary>
internal sealed class Tls : IDisposable
{
    private readonly X509Certificate2? _certificate;
    private readonly X509Certificate2Collection _authorities = [];

    public Tls(ClusterMessagingOptions options)
    {
        if (options.CertificatePath is null) return;
        _certificate = X509Certificate2.CreateFromPemFile(options.CertificatePath, options.CertificateKeyPath);
        _authorities.ImportFromPemFile(options.AuthorityPath!);
    }

    public async Task<Stream> DialAsync(Stream stream, string host, CancellationToken cancellation)
    {
        if (_certificate is null) return stream;
        var secure = new SslStream(stream);
        await secure.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = host, ClientCertificates = [_certificate], RemoteCertificateValidationCallback = IsTrusted }, cancellation);
        return secure;
    }

    public async Task<Stream> AcceptAsync(Stream stream, CancellationToken cancellation)
    {
        if (_certificate is null) return stream;
        var secure = new SslStream(stream);
        await secure.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions { ServerCertificate = _certificate, ClientCertificateRequired = true, RemoteCertificateValidationCallback = IsTrusted }, cancellation);
        return secure;
    }

    public void Dispose() => _certificate?.Dispose();

    // Signed by the cluster's authority, whatever host it names: pods and processes have no stable names.
    private bool IsTrusted(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null) return false;
        using var check = new X509Chain();
        check.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        check.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        check.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        using var presented = new X509Certificate2(certificate);
        return check.Build(presented);
    }
}
