//! Keys that all processes on this database share.

use approval::Entropy;

use crate::{Storage, StorageError};

impl Storage {
    /// The key of this name, made at its first use.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn server_key(&self, name: &str, entropy: &Entropy) -> Result<[u8; 32], StorageError> {
        let fresh = entropy.bytes::<32>();
        let fresh = fresh.as_slice();
        let mut db = self.write(&[]).await?;
        sqlx::query!("INSERT INTO server_keys (name, key) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", name, fresh)
            .execute(&mut *db)
            .await?;
        let key = sqlx::query_scalar!("SELECT key FROM server_keys WHERE name = $1", name).fetch_one(&mut *db).await?;
        db.commit().await?;
        key.try_into().map_err(|_| StorageError::Corrupt { table: "server_keys" })
    }
}
