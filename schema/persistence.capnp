# Sturdy references: capabilities that survive connections and restarts.
# (MetaContainer paper, chapters 5.2 and 5.3)
@0xa6fd6e3b4c1d9f21;
using Vat = import "vat.capnp";
using Metac = import "metac.capnp";
$Vat.prefix("persistence");

interface Persistable {
  # An object of which sturdy references can be made.
  # All that have this also answer Persistent(Metac.MetacSturdyRef, AnyPointer).save of Cap'n Proto's own
  # persistent.capnp, whatever their type: createSturdyRef with persistent set and no timeout. sealFor
  # must be null: a reference is for whoever knows it.
  createSturdyRef @0 (rgroup :Metac.ResourceGroup, persistent :Bool, timeout :UInt64)
      -> (id :Metac.MetacSturdyRef);
  # persistent: the reference stays valid across restarts.
  # timeout: seconds until it expires, 0 = never.
  # A reference made through another reference is revoked together with that one.
  summary @1 () -> (info :Text);
  # One line for people ("directory /srv/photos, read-only").
}

struct CapDescription {
  runtimeId @0 :Text;
  # Identifies the object within its service, so that one object is stored once. Empty: a new one
  # each time.
  category @1 :Text;
  # Kind of object, for the service's restorer ("fs:localfs").
  description @2 :AnyPointer;
  # What the restorer needs to make the object again: a struct, which may hold
  # capabilities (they are persisted too, wherever they live).
  summary @3 :Text;
}

interface Restorer {
  restoreFromDescription @0 (description :CapDescription) -> (cap :AnyPointer);
}

interface ServicePersistenceHandler extends (Metac.Waitable) {
  # One service's access to the persistence service.
  # wait, called after registerRestorer, stays unanswered as long as both live: when it fails, the
  # persistence service has ended (ask for a handler again); when it is canceled, the service has, and
  # what the persistence service held of its objects is let go.
  registerRestorer @0 (restorer :Restorer);
  # Called right after the service has started. Stored objects whose liveness matters (those that
  # implement Waitable: mounts) are restored at once, and again when they fail.
  createSturdyRef @1 (group :Metac.ResourceGroup, description :CapDescription, persistent :Bool,
      cap :AnyPointer, timeout :UInt64) -> (ref :Metac.MetacSturdyRef);
  forgetObject @2 (runtimeId :Text);
  # Removes the object and every reference to it. No error if there is none.
  describeAgain @3 (description :CapDescription);
  # Takes the place of the stored description and summary of the object with that runtimeId; both the old
  # one and the new one are without capabilities. No error if there is none.
}

struct ObjectInfo {
  service @0 :Text;
  runtimeId @1 :Text;
  category @2 :Text;
  summary @3 :Text;
  persistent @4 :Bool;
  references @5 :UInt32;
  state @6 :State;
  error @7 :Text;
  # Why it is broken, in words.
  enum State {
    stored @0;    # will be restored when asked for
    alive @1;     # held now
    restoring @2; # being restored, or waiting to try again
    broken @3;    # the last try failed; error says why
  }
}

struct ReferenceInfo {
  id @0 :Text;
  # First 16 hexadecimal digits of the secret's hash: names the reference without giving it away.
  service @1 :Text;
  runtimeId @2 :Text;
  summary @3 :Text;
  persistent @4 :Bool;
  created @5 :Int64;
  # Seconds since 1970.
  expires @6 :Int64;
  # The same; 0 = never.
  parent @7 :Text;
  # id of the reference it was made through; empty = none.
}

interface PersistenceServiceAdmin extends (Metac.ServiceAdmin) {
  getHandlerFor @0 (serviceName :Text) -> (handler :ServicePersistenceHandler);
  listObjects @1 () -> (objects :List(ObjectInfo));
  forgetObject @2 (service :Text, runtimeId :Text);
  # Removes the object and every reference to it, and drops what is held. Fails if there is none.
  listReferences @3 (service :Text, runtimeId :Text) -> (references :List(ReferenceInfo));
  # Both empty: all references.
  removeReference @4 (objectInfo :AnyPointer, id :Text);
  # Revokes one reference, named by its objectInfo or (if that is null) by its id. Durable when this
  # returns; everything obtained through it is then cut off.
  rotateReference @5 (objectInfo :AnyPointer, id :Text) -> (ref :Metac.MetacSturdyRef);
  # A new secret for the same object, parent and expiry; the old one is revoked.
  destroyObject @6 (objectInfo :AnyPointer);
  # Restores the reference and calls Destroyable.destroy on it.
}

struct StoredCapability {
  # How a capability inside a stored description is kept.
  ref @0 :Metac.MetacSturdyRef;
  isNull @1 :Bool;
  own @2 :Data;
  # Instead of ref, for a reference of this very service: its hash. So the secret is not kept.
}

struct StoredDescription {
  # A stored CapDescription.description: its content, and what its capability pointers stand for.
  content @0 :AnyPointer;
  capTable @1 :List(StoredCapability);
}
