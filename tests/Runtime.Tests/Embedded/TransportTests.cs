using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Configuration;
using Orleans.Messaging;
using Orleans.Serialization;

namespace Shop.Runtime.Tests;

/// <summary>What is on the wire between silos.</summary>
public sealed class TransportTests : IDisposable
{
    private const string Secret = "a secret of this test cluster";
    private readonly string _directory = Directory.CreateTempSubdirectory("shop-tls-").FullName;

    [Fact]
    public async Task With_tls_only_certificates_of_the_clusters_authority_get_in()
    {
        ClusterMessagingOptions ours = Certificates("ours"), strangers = Certificates("strangers");
        using var tls = new Tls(ours);
        using var listener = new SiloListener(ours, tls, static (_, _, _) => { }, NullLogger.Instance);
        int port = listener.Start(new IPEndPoint(IPAddress.Loopback, 0));

        await DialAsync(port, ours);
        await Should.ThrowAsync<Exception>(() => DialAsync(port, strangers));
        await Should.ThrowAsync<Exception>(() => DialAsync(port, new ClusterMessagingOptions { Secret = Secret }));
        await DialAsync(port, ours);
    }

    [Fact]
    public async Task Without_the_secret_nobody_gets_in()
    {
        var ours = new ClusterMessagingOptions { Secret = Secret };
        using var tls = new Tls(ours);
        using var listener = new SiloListener(ours, tls, static (_, _, _) => { }, NullLogger.Instance);
        int port = listener.Start(new IPEndPoint(IPAddress.Loopback, 0));
        await DialAsync(port, ours);
        await Should.ThrowAsync<IOException>(() => DialAsync(port, new ClusterMessagingOptions { Secret = "another secret, as long" }));
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 0 })]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0x7F })]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF })]
    public async Task A_length_that_makes_no_sense_is_refused_before_anything_is_made_of_it(byte[] length)
    {
        var reader = new FrameReader(new MemoryStream([.. length, 1, 2, 3]), 1_000);
        await Should.ThrowAsync<InvalidDataException>(async () => await reader.ReadAsync(CancellationToken.None));
    }

    [Fact]
    public void Damaged_calls_and_answers_are_errors_and_nothing_else()
    {
        // Whatever bytes come, reading them ends in a value or in a CodecException.
        var random = new Random(7);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = new byte[random.Next(0, 64)];
            random.NextBytes(bytes);
            var reader = new CodecReader(bytes);
            try
            {
                CallCodec.ReadHead(reader);
            }
            catch (CodecException)
            {
                // As it should be.
            }
        }
    }

    [Fact]
    public void Errors_of_other_processes_keep_their_type_where_it_is_known_and_their_name_where_it_is_not()
    {
        RemoteErrors.Make("System.InvalidOperationException", "no").ShouldBeOfType<InvalidOperationException>().Message.ShouldBe("no");
        RemoteErrors.Make("Orleans.Runtime.LimitExceededException", "busy").ShouldBeOfType<Orleans.Runtime.LimitExceededException>().Message.ShouldBe("busy");
        RemoteErrors.Make("Not.Here", "what").ShouldBeOfType<UnavailableExceptionFallbackException>().ExceptionType.ShouldBe("Not.Here");
        RemoteErrors.Make("System.Diagnostics.Process", "no error at all").ShouldBeOfType<UnavailableExceptionFallbackException>();
        RemoteErrors.Make("System.String", "no error at all").ShouldBeOfType<UnavailableExceptionFallbackException>();
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static async Task DialAsync(int port, ClusterMessagingOptions options)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        using var tls = new Tls(options);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port, limit.Token);
        await using Stream stream = await tls.DialAsync(new NetworkStream(socket, ownsSocket: true), "localhost", limit.Token);
        await Handshake.DialAsync(stream, Encoding.UTF8.GetBytes(options.Secret), limit.Token);
    }

    private ClusterMessagingOptions Certificates(string name)
    {
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authorityRequest = new CertificateRequest($"CN={name} authority", authorityKey, HashAlgorithmName.SHA256);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        DateTimeOffset from = DateTimeOffset.UtcNow.AddDays(-1), to = from.AddDays(30);
        using X509Certificate2 authority = authorityRequest.CreateSelfSigned(from, to);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256).Create(authority, from, to.AddDays(-1), [1, 2, 3]);
        string Write(string file, string pem)
        {
            string path = Path.Combine(_directory, $"{name}-{file}.pem");
            File.WriteAllText(path, pem);
            return path;
        }

        return new ClusterMessagingOptions
        {
            Secret = Secret,
            AuthorityPath = Write("authority", authority.ExportCertificatePem()),
            CertificatePath = Write("certificate", certificate.ExportCertificatePem()),
            CertificateKeyPath = Write("key", key.ExportPkcs8PrivateKeyPem()),
        };
    }
}
