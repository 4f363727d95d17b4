#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace berth::helm {

struct OpenSslDeleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

/// A certificate with its key, made on the spot.
class Certificate {
 public:
  /// An authority of its own.
  static Certificate Authority(const std::string& name);

  /// Signed by this authority, for a server on 127.0.0.1 and localhost, or for a client.
  Certificate Issue(const std::string& name) const;

  X509* x509() const { return certificate_.get(); }
  EVP_PKEY* key() const { return key_.get(); }
  std::string certificate_pem() const;
  std::string key_pem() const;

 private:
  Certificate() = default;

  static Certificate Make(const std::string& name, const Certificate* issuer);

  std::unique_ptr<EVP_PKEY, OpenSslDeleter> key_;
  std::unique_ptr<X509, OpenSslDeleter> certificate_;
};

}  // namespace berth::helm
