"""Certificates and kubeconfigs."""

import json

from cryptography import x509
from cryptography.x509.oid import NameOID

from lab.cluster import net, pki


def make(tmp_path):
    folders = tmp_path / "pki", tmp_path / "conf"
    for folder in folders:
        folder.mkdir(exist_ok=True)
    pki.ensure(*folders)
    return folders


def certificate(folder, name):
    return x509.load_pem_x509_certificate((folder / f"{name}.crt").read_bytes())


def test_each_function_is_of_the_group_that_its_role_is_bound_to(tmp_path):
    keys, conf = make(tmp_path)
    contexts = json.loads((conf / "functions.kubeconfig").read_text())["contexts"]

    assert [context["name"] for context in contexts] == list(net.FUNCTIONS)
    for name in net.FUNCTIONS:
        subject = certificate(keys, name).subject
        assert subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == f"clonepool:{name}"


def test_every_certificate_is_signed_by_its_authority(tmp_path):
    keys, _ = make(tmp_path)

    for leaf in pki.LEAVES:
        certificate(keys, leaf.name).verify_directly_issued_by(certificate(keys, leaf.authority))


def test_the_ingress_stands_for_every_clone(tmp_path):
    keys, _ = make(tmp_path)
    names = certificate(keys, "ingress").extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert "*.clones.test" in names.get_values_for_type(x509.DNSName)


def test_whom_pods_trust_on_the_web_vouches_for_sites_alone(tmp_path):
    keys, _ = make(tmp_path)
    host = "www.a-shop-with-a-name-that-is-longer-than-any-common-name-may-be.example.com"
    made = x509.load_pem_x509_certificate(pki.site_certificate(keys, host)["tls.crt"].encode())
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    made.verify_directly_issued_by(certificate(keys, pki.WEB_CA))
    assert names.get_values_for_type(x509.DNSName) == [host]
    assert {leaf.name for leaf in pki.LEAVES if leaf.authority == pki.WEB_CA} == {"ingress"}


def test_keys_and_kubeconfigs_are_for_their_owner_only(tmp_path):
    keys, conf = make(tmp_path)

    for file in (*keys.glob("*.key"), *conf.glob("*.kubeconfig")):
        assert file.stat().st_mode & 0o077 == 0, file


def test_a_complete_set_stays_and_a_cut_one_is_made_anew(tmp_path):
    keys, conf = make(tmp_path)
    before = (keys / "admin.crt").read_bytes()
    make(tmp_path)
    assert (keys / "admin.crt").read_bytes() == before

    (keys / pki.COMPLETE).unlink()
    make(tmp_path)
    assert (keys / "admin.crt").read_bytes() != before
    assert json.loads((conf / "admin.kubeconfig").read_text())["current-context"] == "admin"
