#include "tests/integration/harness/api_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "common/kube/curl_transport.h"
#include "common/kube/object.h"
#include "common/status/macros.h"
#include "tests/integration/harness/custom_resources.h"
#include "tests/integration/harness/free_port.h"

namespace berth::harness {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

constexpr auto kReadyTimeout = std::chrono::seconds(60);
constexpr auto kPollInterval = std::chrono::milliseconds(20);

/// A port that was free a moment ago; the programs cannot tell which one they took by themselves.
absl::StatusOr<std::string> ProgramsFolder() {
  const char* folder = std::getenv("BERTH_BIN");
  if (folder == nullptr || !fs::exists(fs::path(folder) / "kube-apiserver") ||
      !fs::exists(fs::path(folder) / "etcd")) {
    return absl::FailedPreconditionError(
        "BERTH_BIN must name a folder with etcd and kube-apiserver; './dev test' sets it");
  }
  return std::string(folder);
}

absl::StatusOr<std::string> MakeFolder() {
  std::string pattern = fs::temp_directory_path() / "berth-api-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) return absl::InternalError("mkdtemp failed");
  return pattern;
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path);
  if (!in) return absl::NotFoundError(path);
  return std::string((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
}

absl::Status WriteFile(const std::string& path, const std::string& text) {
  std::ofstream out(path);
  out << text;
  out.close();
  return out ? absl::OkStatus() : absl::InternalError(path);
}

absl::Status RunToEnd(const std::string& command) {
  if (std::system(command.c_str()) == 0) return absl::OkStatus();
  return absl::InternalError(fmt::format("failed: {}", command));
}

/// A key and a certificate that is its own authority, which is enough between two parties.
absl::Status MakeCertificate(const std::string& stem, const std::string& subject) {
  return RunToEnd(fmt::format(
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '{1}' "
      "-addext subjectAltName=IP:127.0.0.1 -keyout {0}.key -out {0}.crt 2>{0}.log",
      stem, subject));
}

absl::Status MakeCredentials(const std::string& folder) {
  RETURN_IF_ERROR(MakeCertificate(folder + "/server", "/CN=127.0.0.1"));
  RETURN_IF_ERROR(MakeCertificate(folder + "/client", "/O=system:masters/CN=test-admin"));
  return WriteFile(folder + "/tokens.csv",
                   fmt::format("{},admin,admin-uid,\"system:masters\"\n{},reader,reader-uid\n",
                               ApiServer::admin_token(), ApiServer::reader_token()));
}

std::string Kubeconfig(const std::string& folder, int port) {
  return fmt::format(R"(apiVersion: v1
kind: Config
current-context: test
contexts: [{{name: test, context: {{cluster: test, user: test, namespace: default}}}}]
clusters:
  - {{name: test, cluster: {{server: "https://127.0.0.1:{1}", certificate-authority: {0}/server.crt}}}}
users: [{{name: test, user: {{client-certificate: {0}/client.crt, client-key: {0}/client.key}}}}]
)",
                     folder, port);
}

}  // namespace

ApiServer::ApiServer(std::string folder, std::string programs, Options options)
    : folder_(std::move(folder)), programs_(std::move(programs)), options_(std::move(options)) {}

ApiServer::~ApiServer() {
  api_server_.reset();
  etcd_.reset();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

absl::StatusOr<std::unique_ptr<ApiServer>> ApiServer::Start(Options options) {
  ASSIGN_OR_RETURN(const std::string programs, ProgramsFolder());
  ASSIGN_OR_RETURN(const std::string folder, MakeFolder());
  std::unique_ptr<ApiServer> server(new ApiServer(folder, programs, std::move(options)));
  server->etcd_port_ = FreePort();
  server->etcd_peer_port_ = FreePort();
  server->api_port_ = FreePort();
  RETURN_IF_ERROR(MakeCredentials(folder));
  RETURN_IF_ERROR(WriteFile(server->kubeconfig(), Kubeconfig(folder, server->api_port_)));
  ASSIGN_OR_RETURN(server->config_, kube::ReadKubeconfig(server->kubeconfig()));
  RETURN_IF_ERROR(server->StartEtcd());
  RETURN_IF_ERROR(server->StartApiServer());
  const std::unique_ptr<kube::Client> client = server->MakeClient();
  RETURN_IF_ERROR(ApplyCustomResources(*client));
  return server;
}

ApiServer& ApiServer::Shared() {
  static const std::unique_ptr<ApiServer> server = [] {
    auto started = Start({});
    if (!started.ok()) {
      fmt::print(stderr, "no API server to test against: {}\n", started.status().ToString());
      std::exit(EXIT_FAILURE);
    }
    return *std::move(started);
  }();
  return *server;
}

std::unique_ptr<kube::Client> ApiServer::MakeClient() const {
  auto client = kube::Client::Create(config_, {.user_agent = "berth-test"});
  if (!client.ok()) {
    fmt::print(stderr, "{}\n", client.status().ToString());
    std::abort();
  }
  return *std::move(client);
}

std::string ApiServer::MakeNamespace() {
  const std::string name = fmt::format("test-{}-{}", getpid(), ++namespaces_made_);
  const auto made =
      MakeClient()->Create(kube::kNamespaces, kube::NewObject(kube::kNamespaces, {"", name}));
  if (!made.ok()) {
    fmt::print(stderr, "{}\n", made.status().ToString());
    std::abort();
  }
  return name;
}

absl::Status ApiServer::StartEtcd() {
  const std::string client_url = fmt::format("http://127.0.0.1:{}", etcd_port_);
  const std::string peer_url = fmt::format("http://127.0.0.1:{}", etcd_peer_port_);
  ASSIGN_OR_RETURN(
      etcd_,
      Child::Start({programs_ + "/etcd", "--name=test", "--data-dir=" + folder_ + "/etcd",
                    "--listen-client-urls=" + client_url, "--advertise-client-urls=" + client_url,
                    "--listen-peer-urls=" + peer_url, "--initial-advertise-peer-urls=" + peer_url,
                    "--initial-cluster=test=" + peer_url, "--unsafe-no-fsync", "--log-level=error"},
                   folder_ + "/etcd.log"));
  return absl::OkStatus();
}

absl::Status ApiServer::StartApiServer() {
  std::vector<std::string> argv = {
      programs_ + "/kube-apiserver",
      fmt::format("--etcd-servers=http://127.0.0.1:{}", etcd_port_),
      "--bind-address=127.0.0.1",
      fmt::format("--secure-port={}", api_port_),
      "--tls-cert-file=" + folder_ + "/server.crt",
      "--tls-private-key-file=" + folder_ + "/server.key",
      "--client-ca-file=" + folder_ + "/client.crt",
      "--token-auth-file=" + folder_ + "/tokens.csv",
      "--service-account-key-file=" + folder_ + "/server.crt",
      "--service-account-signing-key-file=" + folder_ + "/server.key",
      "--service-account-issuer=https://kubernetes.default.svc",
      "--service-cluster-ip-range=10.0.0.0/16",
      "--authorization-mode=RBAC",
      // No controller makes the ServiceAccounts it would ask for.
      "--disable-admission-plugins=ServiceAccount",
  };
  argv.insert(argv.end(), options_.api_server_flags.begin(), options_.api_server_flags.end());
  ASSIGN_OR_RETURN(api_server_, Child::Start(argv, folder_ + "/kube-apiserver.log"));
  return WaitUntilReady();
}

absl::Status ApiServer::WaitUntilReady() {
  const std::unique_ptr<kube::Client> client = MakeClient();
  const auto deadline = steady_clock::now() + kReadyTimeout;
  absl::Status status;
  while (steady_clock::now() < deadline) {
    status = client->CheckReady({.timeout = std::chrono::seconds(2), .retry = kube::Retry::kNever});
    if (status.ok()) return status;
    if (!api_server_->IsRunning() || !etcd_->IsRunning()) break;
    std::this_thread::sleep_for(kPollInterval);
  }
  const auto log = ReadFile(folder_ + "/kube-apiserver.log");
  constexpr std::size_t kLogTail = 2000;
  const std::string tail =
      log.ok() && log->size() > kLogTail ? log->substr(log->size() - kLogTail) : log.value_or("");
  return absl::UnavailableError(
      fmt::format("kube-apiserver does not become ready: {}\n{}", status.ToString(), tail));
}

void ApiServer::Kill() { api_server_->Stop(SIGKILL); }

absl::Status ApiServer::StartAgain() { return StartApiServer(); }

absl::Status ApiServer::CopyStore(const std::string& from, const std::string& to) {
  api_server_->Stop(SIGKILL);
  etcd_->Stop(SIGTERM);
  std::error_code error;
  fs::remove_all(to, error);
  fs::copy(from, to, fs::copy_options::recursive, error);
  if (error) return absl::InternalError(error.message());
  RETURN_IF_ERROR(StartEtcd());
  return StartApiServer();
}

absl::Status ApiServer::SaveStore() {
  return CopyStore(folder_ + "/etcd", folder_ + "/etcd-saved");
}

absl::Status ApiServer::RestoreStore() {
  return CopyStore(folder_ + "/etcd-saved", folder_ + "/etcd");
}

absl::Status ApiServer::CompactStore() {
  // etcd speaks JSON beside gRPC. A range of one absent key tells the revision.
  kube::Config etcd;
  etcd.server = fmt::format("http://127.0.0.1:{}", etcd_port_);
  ASSIGN_OR_RETURN(const auto transport, kube::CurlTransport::Create(etcd, "berth-test"));
  const auto call = [&](const std::string& target, const kube::Json& body) {
    return transport->Send({.method = kube::HttpMethod::kPost,
                            .target = target,
                            .headers = {"Content-Type: application/json"},
                            .body = body.dump(),
                            .deadline = steady_clock::now() + kReadyTimeout});
  };
  ASSIGN_OR_RETURN(const auto range, call("/v3/kv/range", {{"key", "AA=="}}));
  const std::string revision =
      kube::StringAt(kube::Json::parse(range.body, nullptr, false), {"header", "revision"});
  ASSIGN_OR_RETURN(const auto compacted,
                   call("/v3/kv/compaction", {{"revision", revision}, {"physical", true}}));
  constexpr int kHttpOk = 200;
  if (compacted.head.status == kHttpOk) return absl::OkStatus();
  return absl::InternalError(compacted.body);
}

}  // namespace berth::harness
